// SPDX-License-Identifier: Apache-2.0

/// A line of a terminal's page: texts, and what they are.
package struct ScreenLine: Sendable, Equatable {
    package enum Tone: Sendable {
        case plain, bold, faint, good, bad, stable, canary
    }

    package struct Part: Sendable, Equatable {
        package var text: String
        package var tone: Tone
    }

    package private(set) var parts: [Part] = []

    package init(_ text: String = "", _ tone: Tone = .plain) {
        add(text, tone)
    }

    package mutating func add(_ text: String, _ tone: Tone = .plain) {
        guard !text.isEmpty else { return }
        parts.append(Part(text: text, tone: tone))
    }

    package func adding(_ text: String, _ tone: Tone = .plain) -> ScreenLine {
        var line = self
        line.add(text, tone)
        return line
    }

    package var text: String { parts.map(\.text).joined() }
}
