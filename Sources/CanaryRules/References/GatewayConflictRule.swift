// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Two Gateways on the same workload serve the same host at the same port and address. Which of their settings win is not
/// defined.
enum GatewayConflictRule: ReferenceRule {
    static let code = RuleCode("CAN0818", istio: "IST0145")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let own = object.resource.gateway else { return }
        for place in object.spec?["servers"]?.items ?? [] {
            guard let server = Gateway.Server(place.node) else { continue }
            let rivals = cluster.references.gatewayServers.others(than: object.resource, server).filter {
                shareWorkload(own.selector, $0.gateway.gateway?.selector ?? [:], cluster)
            }
            guard let (host, other) = rivals.first else { continue }
            let index = server.hosts.firstIndex(of: host) ?? 0
            let hosts = place["hosts"]?.items ?? []
            report.add(
                at: hosts.indices.contains(index) ? hosts[index] : place,
                "port \(server.port) of host \"\(host)\" is also served by the Gateway "
                    + "\"\(other.namespace)/\(other.name)\" on the same workload",
                hint: "keep the host in one of them"
            )
        }
    }

    /// Whether some workload carries the labels of both: certainly where they are the same, else where one is known.
    private static func shareWorkload(
        _ left: [String: String],
        _ right: [String: String],
        _ cluster: ClusterView
    ) -> Bool {
        if left == right { return true }
        let both = left.merging(right) { first, _ in first }
        guard both.contains(all: right) else { return false }
        return !cluster.references.gatewayWorkloads.selection(both).isEmpty
    }
}
