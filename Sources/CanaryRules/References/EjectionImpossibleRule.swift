// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Outlier detection can never eject an endpoint: one of them is more than `maxEjectionPercent`, 10 unless given, of all. Of 3
/// endpoints one is 33 %. Replicas that Deployments declare, and the upper bounds of autoscalers, count as endpoints.
enum EjectionImpossibleRule: ReferenceRule {
    static let code = RuleCode("CAN1119")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    /// Envoy's, also for 0.
    private static let defaultPercent: Int64 = 10

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        // Most rules detect nothing: that is seen with less work.
        guard let name = object.spec?["host"]?.string,
            object.policyLevels.contains(where: { $0["outlierDetection"] != nil })
        else { return }
        let host = HostName.resolve(name, namespace: object.resource.namespace)
        let levels =
            [(object.spec, [:])]
            + (object.spec?["subsets"]?.items ?? []).map {
                ($0, $0["labels"]?.node.stringMap ?? [:])
            }
        let detections = levels.flatMap { level, labels -> [(Located, [String: String])] in
            guard let policy = level?["trafficPolicy"] else { return [] }
            return ([policy] + (policy["portLevelSettings"]?.items ?? [])).compactMap { settings in
                settings["outlierDetection"].map { ($0, labels) }
            }
        }
        guard !detections.isEmpty, let service = cluster.service(for: host, namedBy: object.resource) else {
            return
        }
        for (detection, labels) in detections {
            let given = detection["maxEjectionPercent"]?.integer ?? 0
            let percent = given > 0 ? given : defaultPercent
            guard let count = cluster.mostEndpoints(of: service, labels, namedBy: object.resource),
                count > 1, percent <= 100,
                Int64(count) * percent < 100
            else { continue }
            let one = WeightShares.percent(1 / Double(count))
            report.add(
                at: detection.field("maxEjectionPercent"),
                "no endpoint of \"\(name)\" is ever ejected: one of at most \(count) is \(one) of them, more than "
                    + "\(percent) %",
                hint: "give \"maxEjectionPercent\" \((100 + count - 1) / count) or more"
            )
        }
    }
}

extension ClusterView {
    /// How many endpoints a host can have; `nil` where the objects do not say.
    fileprivate func mostEndpoints(
        of service: HostService,
        _ labels: [String: String],
        namedBy resource: Resource
    ) -> Int? {
        let namespace = viewpoint(of: resource, host: service.host)
        let capacity = capacity(labels, of: service.host, seenFrom: namespace)
        // What one Deployment leaves out makes the sum unknown.
        guard let most = capacity.deployments.isEmpty ? 0 : capacity.most else { return nil }
        let others = capacity.workloads.count - capacity.deployments.count
        let listed = service.entries.flatMap { $0.serviceEntry?.endpoints ?? [] }
        return most + others + listed.count { $0.labels.contains(all: labels) }
    }
}
