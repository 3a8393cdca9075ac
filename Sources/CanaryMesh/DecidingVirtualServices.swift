// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension ClusterSnapshot {
    /// The VirtualServices that decide about a host: those of the mesh up to the first that has a route for each client; where
    /// there are none, those of Gateways, oldest first.
    package func virtualServices(for host: String, namespace: String) -> [Resource] {
        let mesh = meshVirtualServices(for: host, namespace: namespace)
        guard mesh.isEmpty else {
            let last = mesh.firstIndex { hasRouteForEachClient($0, in: namespace) } ?? mesh.count - 1
            return Array(mesh[...last])
        }
        return resources(with: .host(host)).filter { $0.kind == .virtualService }
    }

    /// Whether clients of the mesh exist, in a namespace, for which some VirtualServices have routes and no VirtualService is left
    /// to the others, so that a Service's own route takes their requests.
    package func leavesClients(_ virtualServices: [Resource], in namespace: String) -> Bool {
        virtualServices.contains { $0.virtualService?.boundGateways.contains(VirtualService.mesh) ?? false }
            && !virtualServices.contains { hasRouteForEachClient($0, in: namespace) }
    }

    private func hasRouteForEachClient(_ virtualService: Resource, in namespace: String) -> Bool {
        effectiveRoutes(of: virtualService).contains { effective in
            effective.route.matches.isEmpty
                || effective.route.matches.contains { $0.existsForEachClient(in: namespace) }
        }
    }
}
