// SPDX-License-Identifier: Apache-2.0

import CanarySystem

/// What somebody else wrote, for a sentence of ours.
enum OthersText {
    private static let mostCharacters = 160

    /// The first line that has anything, cut where it is long, without what could move a terminal's cursor.
    static func line(_ text: some StringProtocol) -> String {
        let line =
            text.split(whereSeparator: \.isNewline).map { String($0).trimmingBlanks }.first { !$0.isEmpty }
            ?? ""
        let plain = String(
            line.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{fffd}" : Character($0) }
        )
        return plain.count > mostCharacters ? "\(plain.prefix(mostCharacters))…" : plain
    }

    static func line(_ bytes: [UInt8]) -> String {
        // More cannot be wanted of it.
        line(String(decoding: bytes.prefix(4096), as: UTF8.self))
    }

    /// `status 3`, `status 3: no such table`.
    static func sentence(_ beginning: String, _ bytes: [UInt8]) -> String {
        let line = line(bytes)
        return line.isEmpty ? beginning : "\(beginning): \(line)"
    }
}

extension String {
    var trimmingBlanks: String {
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex
        return String(self[..<end].drop(while: \.isWhitespace))
    }
}

extension HTTPAnswer {
    /// As Flagger takes it.
    var isGood: Bool { status < 300 }

    var sentence: String {
        if 300..<400 ~= status { return "status \(status): redirects are not followed" }
        return OthersText.sentence("status \(status)", body)
    }
}

extension CommandRun {
    /// How it ended, with what it said about it.
    var sentence: String {
        switch end {
        case .exited(let status): OthersText.sentence("status \(status)", errors.isEmpty ? output : errors)
        case .killed(let signal): OthersText.sentence("it was ended by signal \(signal)", errors)
        case .timedOut: "it did not end in time"
        case .tooLong: "it prints too much"
        case .notStarted(let error): "it cannot be started: \(error.reason)"
        case .cancelled: "nobody waits for it any more"
        }
    }
}
