// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several VirtualServices are bound to one Gateway for the same host. Istio tries the routes of the oldest first, of equal age
/// by name, and those that take every request last; so a route can lose its requests to another VirtualService. That is a
/// warning. Where a broader route comes after a narrower one only because of their age it is information: made anew, the
/// narrower one would get nothing.
enum GatewayRouteOrderRule: ReferenceRule {
    static let code = RuleCode("CAN1120")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        var seen: Set<FieldPath> = []
        for finding in cluster.references.gatewayHosts.findings(about: object.resource) {
            guard seen.insert(finding.block.place.path).inserted else { continue }
            let other = "VirtualService \"\(finding.otherResource.namespace)/\(finding.otherResource.name)\""
            let place = "at the Gateway \"\(finding.gateway.namespace)/\(finding.gateway.name)\""
            let route = "route \(finding.other.route)"
            switch finding.kind {
            case .taken:
                report.add(
                    at: finding.block.place,
                    "the match never gets a request \(place): \(other), which comes first by age, takes them in "
                        + "its \(route)",
                    hint: "delegate to both from one VirtualService, in the order that you mean"
                )
            case .catchAllTaken:
                report.add(
                    at: finding.block.place,
                    "the route never gets a request \(place): \(other), which comes first by age, takes all "
                        + "that is left in its \(route)",
                    hint: "keep one route without conditions for the host"
                )
            case .follows:
                report.add(
                    at: finding.block.place,
                    "\(place) the match comes after \(route) of \(other) by age alone, and would take its requests",
                    hint: "delegate to both from one VirtualService, in the order that you mean",
                    severity: .info
                )
            }
        }
    }
}
