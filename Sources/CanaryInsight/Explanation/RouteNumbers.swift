// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The numbers by which reports and `--route` call a host's routes (``HostRoute``), looked up once for each host. Belongs to one
/// thread.
final class RouteNumbers {
    private struct Place: Hashable {
        var virtualService: ResourceKey
        /// Among the VirtualService's effective routes.
        var index: Int
    }

    private struct Viewpoint: Hashable {
        var host: String
        var namespace: String
    }

    private struct Numbers {
        var known: [Place: Int] = [:]
        var count = 0
    }

    private let snapshot: ClusterSnapshot
    private var known: [Viewpoint: Numbers] = [:]

    init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
    }

    /// The number of a VirtualService's effective route among those of a host. `namespace` is the client's: where reports, which
    /// see a Service from its own, do not know the route, and where the VirtualService names the host by a pattern.
    func number(of index: Int, in virtualService: Resource, host: String, namespace: String) -> Int {
        let place = Place(virtualService: virtualService.key, index: index)
        for viewpoint in viewpoints(of: host, namespace) {
            if let number = numbers(viewpoint).known[place] { return number }
        }
        let spec = virtualService.virtualService
        for name in spec?.hosts ?? [] {
            let pattern = HostName.resolve(name, namespace: virtualService.namespace)
            guard pattern != host, HostName.pattern(pattern, covers: host) else { continue }
            if let number = numbers(Viewpoint(host: pattern, namespace: namespace)).known[place] {
                return number
            }
        }
        return index
    }

    /// The number of a Service's own route, which comes after those of its VirtualServices.
    func numberOfOwnRoute(of host: String, namespace: String) -> Int {
        viewpoints(of: host, namespace).first.map { numbers($0).count } ?? 0
    }

    private func viewpoints(of host: String, _ namespace: String) -> [Viewpoint] {
        let own = HostName.service(of: host)?.namespace ?? namespace
        let namespaces = own == namespace ? [own] : [own, namespace]
        return namespaces.map { Viewpoint(host: host, namespace: $0) }
    }

    private func numbers(_ viewpoint: Viewpoint) -> Numbers {
        if let numbers = known[viewpoint] { return numbers }
        var numbers = Numbers()
        for route in snapshot.routes(of: viewpoint.host, namespace: viewpoint.namespace) {
            numbers.count += 1
            guard let effective = route.effective else { continue }
            numbers.known[Place(virtualService: effective.virtualService.key, index: effective.index)] =
                route.number
        }
        known[viewpoint] = numbers
        return numbers
    }
}
