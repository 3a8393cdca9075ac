// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The cookie that consistent hashing goes by has a name or a path that no client sends back. Istio takes it.
enum HashCookieRule: ObjectRule {
    static let code = RuleCode("CAN0618")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for cookie in object.policyLevels.compactMap({ $0["loadBalancer"]?["consistentHash"]?["httpCookie"] })
        {
            if let place = cookie["name"], let name = place.string, !name.isEmpty, !HeaderSyntax.isToken(name)
            {
                report.add(
                    at: place,
                    "\"\(name)\" is no name that a cookie can have: users are not known by it",
                    hint: "use letters, digits, \"-\" and \"_\""
                )
            }
            guard let place = cookie["path"], let path = place.string, !path.isEmpty, !isPath(path) else {
                continue
            }
            report.add(
                at: place,
                "\"\(path)\" is no path that a cookie can have: clients take another one",
                hint: "begin with \"/\", and use neither \";\" nor control characters"
            )
        }
    }

    /// RFC 6265, 4.1.1 and 5.2.4.
    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ";") }
    }
}
