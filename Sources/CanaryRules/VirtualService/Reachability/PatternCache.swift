// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Regular expressions that were compiled for comparing conditions, each once.
final class PatternCache {
    private var compiled: [[UInt8]: RegularExpression?] = [:]

    func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        let expression =
            if let known = compiled[pattern] {
                known
            } else {
                try? RegularExpression(String(decoding: pattern, as: UTF8.self))
            }
        compiled[pattern] = .some(expression)
        return expression?.matchesWhole(String(decoding: text, as: UTF8.self)) ?? false
    }
}
