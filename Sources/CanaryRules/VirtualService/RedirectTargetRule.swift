// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A redirect's status, scheme or port is not one that can be used.
enum RedirectTargetRule: ObjectRule {
    static let code = RuleCode("CAN0236", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for redirect in object.httpRoutes.compactMap({ $0["redirect"] }) {
            if let code = redirect["redirectCode"], let value = code.integer, value != 0,
                !(300...399).contains(value)
            {
                report.add(
                    at: code,
                    "status \(value) is not a redirect",
                    hint: "use 301, 302, 303, 307 or 308"
                )
            }
            if let scheme = redirect["scheme"], let text = scheme.string,
                !["", "http", "https"].contains(text)
            {
                report.add(at: scheme, "\"\(text)\" is not a scheme for redirects", hint: "use http or https")
            }
            if let port = redirect["port"], let value = port.integer, value > 65535 {
                report.add(
                    at: port,
                    "port \(value) is outside 1 to 65535",
                    hint: "write the number of a port, from 1 to 65535"
                )
            }
        }
    }
}
