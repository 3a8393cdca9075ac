// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A CORS policy names an origin without a value, a method that does not exist, a header that is no token, or an age that
/// is not whole seconds.
enum CorsPolicyValuesRule: ObjectRule {
    static let code = RuleCode("CAN0239", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for cors in object.httpRoutes.compactMap({ $0["corsPolicy"] }) {
            // What is no mapping is one of the wrong type, and told as that.
            for origin in cors["allowOrigins"]?.items ?? [] where origin.isNull || origin.node.mapping != nil
            {
                let values = ["exact", "prefix", "regex"].compactMap { origin[$0]?.string }
                guard values.allSatisfy(\.isEmpty) else { continue }
                report.add(at: origin, "the origin has no value", hint: "write exact, prefix or regex")
            }
            for method in cors["allowMethods"]?.items ?? [] {
                guard let name = method.string, !methods.contains(name) else { continue }
                report.add(
                    at: method,
                    "\"\(name)\" is not a method that can be allowed",
                    hint: "write an HTTP method in capitals, such as GET, or \"*\""
                )
            }
            for header in ["allowHeaders", "exposeHeaders"].flatMap({ cors[$0]?.items ?? [] }) {
                guard let name = header.string, name != "*", !HeaderSyntax.isToken(name) else { continue }
                report.add(
                    at: header,
                    "\"\(name)\" is not a header's name",
                    hint: "use letters, digits and \"-\", or \"*\""
                )
            }
            if let age = cors["maxAge"], let value = Duration(age.node), value.components.attoseconds != 0 {
                report.add(
                    at: age,
                    "\"maxAge\" must be whole seconds",
                    hint: "write seconds, minutes or hours, such as 24h"
                )
            }
        }
    }
}
