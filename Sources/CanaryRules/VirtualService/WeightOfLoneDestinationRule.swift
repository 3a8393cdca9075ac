// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The only destination of a route has a weight other than 100. It takes every request, whatever the weight: also with a
/// weight of 0, which is a warning.
enum WeightOfLoneDestinationRule: ObjectRule {
    static let code = RuleCode("CAN1104")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.destinationLists.contains(where: { $0.count == 1 && $0[0].weight ?? 100 != 100 }) else {
            return
        }
        for route in object.httpRoutes + object.tlsRoutes + object.tcpRoutes {
            let entries = (route["route"]?.items ?? []).filter { !$0.isNull }
            guard entries.count == 1, let place = entries[0]["weight"], let weight = place.integer,
                weight >= 0, weight != 100
            else { continue }
            let name = Destination(entries[0].node["destination"]).label
            report.add(
                at: place,
                "\(name) is the only destination and takes all requests, not \(weight) %",
                hint: weight == 0
                    ? "to send nothing there, name another destination or a \"directResponse\""
                    : "add a destination for the other requests, or remove the weight",
                severity: weight == 0 ? .warning : .info
            )
        }
    }
}
