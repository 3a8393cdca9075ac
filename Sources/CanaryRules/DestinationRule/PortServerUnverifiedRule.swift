// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// TLS to a port of a host, `SIMPLE` or `MUTUAL`, names no certificate authority, so that the server's certificate is not
/// verified. istioctl does not look at subsets.
enum PortServerUnverifiedRule: ObjectRule {
    static let code = RuleCode("CAN0617", istio: "IST0129")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for policy in object.trafficPolicies {
            let isKnown = object.isMainPolicy(policy)
            for port in policy["portLevelSettings"]?.items ?? [] {
                ServerUnverifiedRule.check(port, object, isKnownToIstio: isKnown, &report)
            }
        }
    }
}
