// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A match asks for a claim of the request's token, which Istio supports at gateways only.
enum MatchClaimRule: ObjectRule {
    static let code = RuleCode("CAN0220", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard !object.isGatewayBound else { return }
        for match in object.httpMatches {
            let headers = (match["headers"]?.entries ?? []) + (match["withoutHeaders"]?.entries ?? [])
            for (name, value) in headers where HeaderSyntax.isClaim(name) {
                report.add(
                    at: value,
                    "\"\(name)\" can only be matched at a gateway",
                    hint: "bind the VirtualService to a gateway"
                )
            }
        }
    }
}
