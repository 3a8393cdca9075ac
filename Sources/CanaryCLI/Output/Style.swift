// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Colours, where they are wanted. They never carry a meaning of their own.
struct Style {
    let isOn: Bool

    /// Without colours.
    static let plain = Style(isOn: false)

    private init(isOn: Bool) {
        self.isOn = isOn
    }

    /// `--color`, else `NO_COLOR` (present and not empty), `TERM=dumb`, and whether the stream is a terminal.
    init(_ choice: ColorChoice, for stream: OutputStream, in context: CommandContext) {
        switch choice {
        case .always: isOn = true
        case .never: isOn = false
        case .auto:
            isOn =
                stream.isTerminal && context.variable("NO_COLOR") == nil
                && context.environment["TERM"] != "dumb"
        }
    }

    func severity(_ severity: Severity) -> String {
        mark(severity.rawValue, severity)
    }

    /// In the colour of a severity.
    func mark(_ text: String, _ severity: Severity) -> String {
        switch severity {
        case .error: paint(text, "1;31")
        case .warning: paint(text, "1;33")
        case .info: paint(text, "1;36")
        }
    }

    func bold(_ text: String) -> String { paint(text, "1") }
    func faint(_ text: String) -> String { paint(text, "2") }
    func good(_ text: String) -> String { paint(text, "32") }

    func bad(_ text: String) -> String { paint(text, "31") }

    /// The name of one of several, in a colour that tells it from its neighbours.
    func name(_ text: String, of number: Int) -> String {
        paint(text, Self.nameColors[number % Self.nameColors.count])
    }

    /// Cyan, yellow, green, magenta, blue, and the same bright: red is for what is wrong.
    private static let nameColors = ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"]

    private func paint(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
