// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

/// What the rules ask about other objects.
package final class ClusterView {
    package let snapshot: ClusterSnapshot
    /// Whether the snapshot is of manifests alone. What they deploy will run somewhere: a Deployment then stands for ready pods.
    let manifestsOnly: Bool
    /// Whether Deployments run as soon as they are stored: such a one then stands for ready pods, too.
    let startsPods: Bool
    /// The namespace that commands in hints need not name; `nil` where each has to.
    let home: String?
    private(set) lazy var references = ReferenceIndex(snapshot)
    private(set) lazy var loads = RouteLoads(self)

    private struct Use {
        var host: String
        var subset: String?
        var namespace: String
    }

    private struct HostUse: Hashable {
        var host: String
        var namespace: String
    }

    /// What rules ask about one object after the other.
    private var latest: (object: CheckedObject, destinations: [DestinationUse])?
    private var latestServices: (object: CheckedObject, services: [Resource])?
    /// What destinations mean: several rules ask about each.
    private var hosts: [HostUse: HostCapacities] = [:]
    private var gatewayHosts: [GatewayReference: GatewayHostSet] = [:]
    private var routes: [HostUse: [HostRoute]] = [:]

    /// The namespaces that have a Service of a name.
    private lazy var serviceNamespaces: [String: [String]] = Dictionary(
        grouping: snapshot.resources(of: .service),
        by: \.name
    ).mapValues { $0.map(\.namespace).sorted() }

    /// Beyond this, comparing a name with all others for a hint takes too long.
    private static let mostCandidates = 1000

    package init(
        _ snapshot: ClusterSnapshot,
        manifestsOnly: Bool = false,
        startsPods: Bool = false,
        home: String? = nil
    ) {
        self.snapshot = snapshot
        self.startsPods = startsPods
        self.home = home
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
        return view(of: use).capacity(destination(use).labels)
    }

    /// What carries labels behind a host (full name).
    func capacity(_ labels: [String: String], of host: String, seenFrom namespace: String) -> VersionCapacity
    {
        view(of: Use(host: host, namespace: namespace)).capacity(labels)
    }

    /// The subsets and versions by which a destination's host can be split, in alphabetical order.
    func versions(of written: Destination, in resource: Resource) -> [String] {
        view(of: use(written, in: resource)).host.versions
    }

    private func use(_ written: Destination, in resource: Resource) -> Use {
        let host = HostName.resolve(written.host, namespace: resource.namespace)
        return Use(host: host, subset: written.subset, namespace: viewpoint(of: resource, host: host))
    }

    private func destination(_ use: Use) -> ResolvedDestination {
        view(of: use).host.destination(use.subset)
    }

    private func view(of use: Use) -> HostCapacities {
        let key = HostUse(host: use.host, namespace: use.namespace)
        if let known = hosts[key] { return known }
        let view = HostCapacities(HostView(use.host, namespace: use.namespace, in: snapshot))
        hosts[key] = view
        return view
    }

    /// The routes of a host by the numbers that `set-weight` takes.
    func routes(of host: String, namespace: String) -> [HostRoute] {
        let key = HostUse(host: host, namespace: namespace)
        if let known = routes[key] { return known }
        let found = snapshot.routes(of: host, namespace: namespace)
        routes[key] = found
        return found
    }

    /// The hosts that a Gateway serves; `nil` where there is no such Gateway.
    func hosts(of gateway: GatewayReference) -> GatewayHostSet? {
        if let known = gatewayHosts[gateway] { return known }
        let key = ResourceKey(.gateway, namespace: gateway.namespace, name: gateway.name)
        let spec = snapshot.resource(key)?.gateway
        let found = spec.map { GatewayHostSet($0.servers, namespace: gateway.namespace) }
        gatewayHosts[gateway] = found
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
        let tokens = selector.map { IndexToken.label($0.key, $0.value, namespace: namespace) }
        // The rarest label leaves least to look at.
        guard let rarest = tokens.min(by: { snapshot.count(with: $0) < snapshot.count(with: $1) }) else {
            return []
        }
        return snapshot.resources(with: rarest)
            .filter { $0.workloadLabels?.contains(all: selector) ?? false }
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
