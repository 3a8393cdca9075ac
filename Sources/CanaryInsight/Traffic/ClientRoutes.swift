// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

extension ClusterSnapshot {
    /// The numbers of a host's routes that no request of some clients of the mesh can take: by their conditions on clients, because
    /// another VirtualService decides, or because the clients do not see the VirtualService. What Gateways serve is not among them.
    ///
    /// `namespace` is the one from which the routes are numbered, `clientNamespace` and `labels` are the clients'.
    package func routesOutOfReach(
        of host: String,
        namespace: String,
        clientNamespace: String,
        labels: [String: String]
    ) -> Set<Int> {
        let reached = reachedRoutes(of: host, clientNamespace, labels)
        let inMesh = routes(of: host, namespace: namespace).filter { route in
            route.effective?.virtualService.virtualService?.boundGateways
                .allSatisfy { $0 == VirtualService.mesh } ?? false
        }
        return Set(
            inMesh.filter { route in
                route.effective.map { !reached.contains(RoutePlace($0)) } ?? false
            }.map(\.number)
        )
    }

    private func reachedRoutes(of host: String, _ namespace: String, _ labels: [String: String]) -> Set<
        RoutePlace
    > {
        func exists(_ match: HTTPMatch) -> Bool {
            (match.gateways.isEmpty || match.gateways.contains(VirtualService.mesh))
                && (match.sourceNamespace ?? namespace) == namespace
                && labels.contains(all: match.sourceLabels)
        }
        let candidates = meshVirtualServices(for: host, namespace: namespace).map {
            AskedVirtualServices.Candidate($0, effectiveRoutes(of: $0))
        }
        let ports = service(for: host, namespace: namespace)?.ports.map(\.number) ?? []
        // A host that is no Service has port 80 only.
        let all = ports.isEmpty ? [80] : ports
        let asked = AskedVirtualServices(candidates, ports: ports) { match, _ in exists(match) }
        var reached: Set<RoutePlace> = []
        for decision in asked.decisions {
            guard let candidate = decision.candidate else { continue }
            for route in asked.candidates[candidate].routes {
                let matches = route.route.matches
                let isReached =
                    matches.isEmpty
                    || matches.contains { match in
                        exists(match) && (match.port.map { (decision.ports ?? all).contains($0) } ?? true)
                    }
                if isReached { reached.insert(RoutePlace(route)) }
            }
        }
        return reached
    }
}

/// A route among the effective ones of its VirtualService.
private struct RoutePlace: Hashable {
    private var virtualService: ResourceKey
    private var index: Int

    init(_ route: EffectiveRoute) {
        virtualService = route.virtualService.key
        index = route.index
    }
}
