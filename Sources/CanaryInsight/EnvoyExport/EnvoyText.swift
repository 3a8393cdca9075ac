// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Texts with which Envoy would refuse the whole configuration. canaryctl's proxy makes nothing of them either.
enum EnvoyText {
    /// What Envoy puts into header values and paths: `nil` for an empty text, and, with a warning, for one with line breaks,
    /// NUL, or more bytes than Envoy takes.
    static func node(_ text: String, _ what: String, _ warn: (String) -> Void) -> Node? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.count <= mostBytes, text.utf8.allSatisfy({ ![0x00, 0x0a, 0x0d].contains($0) })
        else {
            warn("the \(what) is left out, since it is too long or holds a line break")
            return nil
        }
        return .string(text)
    }

    private static let mostBytes = 16_384
}
