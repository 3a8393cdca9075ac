// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The selector of a Service leaves out a version to which a VirtualService sends requests by a subset: it asks for another
/// value of a label of the subset, such as `version`, or for a label that the pods of the subset do not have. The subset can
/// never have an endpoint of the Service, and its requests get 503.
enum SelectorPinsVersionRule: ReferenceRule {
    static let code = RuleCode("CAN1112")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.service]

    /// Labels that say what application a pod belongs to: pods with others are not a version of this one.
    private static let identities: Set<String> = ["app", "app.kubernetes.io/name", "k8s-app", "name", "run"]
    /// More workloads than one application has are not looked through.
    private static let mostCandidates = 64

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let resource = object.resource
        guard let selector = resource.service?.selector, !selector.isEmpty,
            let place = object.spec?["selector"]
        else { return }
        let host = HostName.service(resource.name, namespace: resource.namespace)
        let uses = cluster.references.routeUses
        var reported: Set<String> = []
        for subset in uses.subsets(of: host).sorted() {
            guard let use = uses.strongestUse(of: RouteUseIndex.Target(host: host, subset: subset)),
                use.share > 0,
                cluster.capacity(of: Destination(host: host, subset: subset), in: use.resource).isEmpty,
                let labels = implicitLabels(of: subset, host, use.resource, cluster),
                let key = conflict(selector, labels, resource.namespace, cluster),
                reported.insert(key).inserted
            else { continue }
            let share = WeightShares.percent(use.share)
            report.add(
                at: place.field(key),
                "the selector's \(key)=\(selector[key] ?? "") leaves out the subset \"\(subset)\" "
                    + "(\(text(labels))): the \(share) of requests that VirtualService "
                    + "\"\(use.resource.namespace)/\(use.resource.name)\" sends there get 503",
                hint: "remove \"\(key)\" from the selector: the subset chooses the version"
            )
        }
    }

    /// The labels of a subset, as its name says. Of one that a DestinationRule defines it is told there that nothing carries
    /// its labels.
    private static func implicitLabels(
        of subset: String,
        _ host: String,
        _ user: Resource,
        _ cluster: ClusterView
    )
        -> [String: String]?
    {
        let resolved = cluster.destination(Destination(host: host, subset: subset), of: user)
        return resolved.policy.subset(subset) == nil ? [ResolvedDestination.versionLabel: subset] : nil
    }

    /// The label of the selector that keeps the pods of a subset away.
    static func conflict(
        _ selector: [String: String],
        _ labels: [String: String],
        _ namespace: String,
        _ cluster: ClusterView
    ) -> String? {
        let keys = selector.keys.sorted()
        if let key = keys.first(where: { key in labels[key].map { $0 != selector[key] } ?? false }) {
            return key
        }
        guard cluster.workloads(selector.merging(labels) { own, _ in own }, namespace: namespace).isEmpty
        else {
            return nil
        }
        // Pods of the same application that have all but this label.
        return keys.first { key in
            guard !identities.contains(key) else { return false }
            let others = selector.filter { $0.key != key }.merging(labels) { own, _ in own }
            guard let identity = others.keys.filter(identities.contains).min(), let name = others[identity]
            else {
                return false
            }
            let token = IndexToken.label(identity, name, namespace: namespace)
            guard cluster.snapshot.count(with: token) <= mostCandidates else { return false }
            return cluster.snapshot.resources(with: token).contains {
                $0.workloadLabels?.contains(all: others) ?? false
            }
        }
    }

    private static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
