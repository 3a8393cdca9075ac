// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The running proxy that a new one takes over from.
enum TakeOverSource: Equatable, ExpressibleByArgument {
    /// The only one of the store, if there is one.
    case any
    case process(Int32)

    private static let anyText = "any"

    init?(argument: String) {
        if argument == Self.anyText {
            self = .any
        } else if let pid = Int32(argument), pid > 0 {
            self = .process(pid)
        } else {
            return nil
        }
    }

    var pid: Int32? { if case .process(let pid) = self { pid } else { nil } }

    /// `--take-over` may stand alone, which the parser does not know.
    static func expanding(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { $0 == "--take-over" ? "--take-over=\(anyText)" : $0 }
            + arguments[end...]
    }
}
