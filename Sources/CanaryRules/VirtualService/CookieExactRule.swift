// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The header `cookie` is compared as a whole, by `exact`, with a single cookie: a client that sends any other cookie too does not
/// meet the condition.
enum CookieExactRule: ObjectRule {
    static let code = RuleCode("CAN1127")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            for field in ["headers", "withoutHeaders"] {
                for (name, value) in match[field]?.entries ?? [] where name.lowercased() == "cookie" {
                    guard let place = value["exact"], let text = place.string, !text.isEmpty else { continue }
                    report.add(
                        at: place,
                        "\"\(text)\" has to be the whole header: a client that sends another cookie too does not match",
                        hint: "write regex: '(.*;\\s*)?\(quoted(text))(;.*)?'"
                    )
                }
            }
        }
    }

    /// The text as an expression that it alone matches.
    private static func quoted(_ text: String) -> String {
        text.map { "\\.+*?()|[]{}^$".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
