// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A route splits a host whose DestinationRule has `consistentHash`. In canaryctl the key keeps a user on one version. In
/// Istio it chooses among the pods of a version only: the version is drawn anew for each request. This is information, and a
/// warning where the manifests are meant for Istio.
enum StickySplitRule: ReferenceRule {
    static let code = RuleCode("CAN1115")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard cluster.references.hasHashKeys else { return }
        for route in object.httpRoutes {
            let entries = WeightShares(route["route"]?.items ?? []).positive.compactMap {
                $0.entry["destination"]
            }
            let isSticky = entries.allSatisfy {
                cluster.destination($0, of: object.resource).policy.trafficPolicy?.hashKey != nil
            }
            guard entries.count > 1, isSticky else { continue }
            report.add(
                at: route.field("route"),
                "Istio draws the version anew for each request: its \"consistentHash\" chooses among the pods of a "
                    + "version; canaryctl keeps a user on one version",
                hint: "for Istio, choose the version by a header or cookie in \"match\""
            )
        }
    }
}
