// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// No Service of a Gateway's workload opens the port of one of its servers, so that nobody can reach it from outside.
enum GatewayPortClosedRule: ReferenceRule {
    static let code = RuleCode("CAN0820", istio: "IST0162")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let gateway = object.resource.gateway, !gateway.selector.isEmpty else { return }
        let selection = cluster.references.gatewayWorkloads.selection(gateway.selector)
        guard !selection.isEmpty else { return }
        var seen: Set<Int> = []
        for server in object.spec?["servers"]?.items ?? [] {
            guard let place = server["port"]?["number"],
                let number = place.integer.flatMap({ Int(exactly: $0) }),
                number != 0, !selection.ports.contains(number), seen.insert(number).inserted
            else { continue }
            let known = selection.ports.sorted().prefix(8).map(String.init).joined(separator: ", ")
            report.add(
                at: place,
                "no Service of the Gateway's workload has port \(number)",
                hint: known.isEmpty
                    ? "add a Service that selects the workload" : "the open ports are \(known)"
            )
        }
    }
}
