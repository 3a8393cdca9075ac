// SPDX-License-Identifier: Apache-2.0

/// What the rules ask about other objects.
package final class ClusterView {
    package let snapshot: ClusterSnapshot
    /// Whether the snapshot is of manifests alone. What they deploy will run somewhere: a Deployment then stands for ready pods.
    let manifestsOnly: Bool
    private(set) lazy var references = ReferenceIndex(snapshot)
    private(set) lazy var loads = RouteLoads(self)

    private struct Use: Hashable {
        var host: String
        var subset: String?
        var namespace: String
    }

    /// What rules ask about one object after the other.
    private var latest: (object: CheckedObject, destinations: [DestinationUse])?
    private var latestServices: (object: CheckedObject, services: [Resource])?
    /// What destinations mean: several rules ask about each.
    private var resolved: [Use: ResolvedDestination] = [:]
    private var capacities: [Use: VersionCapacity] = [:]

    /// The namespaces that have a Service of a name.
    private lazy var serviceNamespaces: [String: [String]] = Dictionary(
        grouping: snapshot.resources(of: .service),
        by: \.name
    ).mapValues { $0.map(\.namespace).sorted() }

    /// Beyond this, comparing a name with all others for a hint takes too long.
    private static let mostCandidates = 1000

    package init(_ snapshot: ClusterSnapshot, manifestsOnly: Bool = false) {
        self.snapshot = snapshot
        self.manifestsOnly = manifestsOnly
    }

    /// A destination of a VirtualService with what the cluster says about it.
    struct DestinationUse {
        /// The mapping with `host`, `subset` and `port`.
        var place: Located
        var resolved: ResolvedDestination
    }

    /// All destinations of a VirtualService, mirrors included.
    func destinations(of object: CheckedObject) -> [DestinationUse] {
        if let latest, latest.object === object { return latest.destinations }
        let destinations = object.destinations.compactMap { place -> DestinationUse? in
            guard place["host"]?.string != nil else { return nil }
            return DestinationUse(place: place, resolved: destination(place, of: object.resource))
        }
        latest = (object, destinations)
        return destinations
    }

    func destination(_ place: Located, of resource: Resource) -> ResolvedDestination {
        destination(Destination(place.node), of: resource)
    }

    func destination(_ written: Destination, of resource: Resource) -> ResolvedDestination {
        destination(use(written, in: resource))
    }

    /// What stands behind a destination.
    func capacity(of written: Destination, in resource: Resource) -> VersionCapacity {
        let use = use(written, in: resource)
        if let known = capacities[use] { return known }
        let found = VersionCapacity(destination(use), in: snapshot)
        capacities[use] = found
        return found
    }

    private func use(_ written: Destination, in resource: Resource) -> Use {
        let host = HostName.resolve(written.host, namespace: resource.namespace)
        return Use(host: host, subset: written.subset, namespace: viewpoint(of: resource, host: host))
    }

    private func destination(_ use: Use) -> ResolvedDestination {
        if let known = resolved[use] { return known }
        let found = snapshot.resolve(host: use.host, subset: use.subset, namespace: use.namespace)
        resolved[use] = found
        return found
    }

    /// The Services that select a workload, by name.
    func services(of workload: CheckedObject) -> [Resource] {
        if let latestServices, latestServices.object === workload { return latestServices.services }
        let services = snapshot.services(of: workload.resource)
        latestServices = (workload, services)
        return services
    }

    /// The Deployments, Pods and WorkloadEntries of a namespace that carry all labels.
    func workloads(_ selector: [String: String], namespace: String) -> [Resource] {
        guard let first = selector.min(by: { $0.key < $1.key }) else { return [] }
        return snapshot.resources(with: .label(first.key, first.value, namespace: namespace))
            .filter { $0.workloadLabels?.contains(all: selector) ?? false }
    }

    /// The subsets and versions by which a destination's host can be split, in alphabetical order.
    func versions(of service: HostService, _ destination: ResolvedDestination) -> [String] {
        let labels = snapshot.workloads(of: service).compactMap {
            $0.workloadLabels?[ResolvedDestination.versionLabel]
        }
        return Set(labels + destination.policy.subsets.map(\.name)).sorted()
    }

    /// What could have been meant by a host that does not exist.
    func hint(forHost name: String, namespace: String) -> String? {
        let service = name.split(separator: ".").first.map(String.init) ?? name
        if let other = serviceNamespaces[service]?.first(where: { $0 != namespace }) {
            let full = HostName.service(service, namespace: other)
            if full != name { return "the Service is in namespace \"\(other)\": write \(full)" }
        }
        guard serviceNamespaces.count <= Self.mostCandidates else { return nil }
        let candidates = serviceNamespaces.filter { $0.value.contains(namespace) }.keys.sorted()
        let near = Suggestion.closest(to: service, among: candidates)
        guard let near, near != service else { return nil }
        return "did you mean \"\(near)\"?"
    }
}
