// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

extension RequestExplainer {
    /// Why a listener does not know the host: objects that name it, but for other clients.
    func unknownHost(_ request: ExplainedRequest, _ listener: Int32) -> String {
        let host = HostName.fromUser(request.host, namespace: request.gateway?.namespace ?? namespace)
        let naming = HostName.patterns(covering: host).flatMap { snapshot.resources(with: .host($0)) }
            .filter { $0.kind == .virtualService }
        let reasons = naming.map { reason($0, request, host, listener) }
        // What comes closest says the most.
        return reasons.max { $0.rank < $1.rank }?.text ?? "nobody defines the host"
    }

    private func reason(
        _ resource: Resource,
        _ request: ExplainedRequest,
        _ host: String,
        _ listener: Int32
    ) -> (rank: Int, text: String) {
        let owner = "VirtualService \(resource.namespace)/\(resource.name)"
        guard let spec = resource.virtualService else { return (0, "\(owner) is not readable") }
        let asking = request.gateway?.namespace ?? namespace
        guard Visibility.isExported(spec.exportTo, from: resource.namespace, to: asking) else {
            return (1, "\(owner) is not exported to the namespace \"\(asking)\"")
        }
        guard isBound(resource, to: request.gateway) else {
            let names = spec.boundGateways.map { "\"\($0)\"" }.joined(separator: " and ")
            return (0, "\(owner) names the host for the gateway \(names) only")
        }
        if let exclusion = exclusion(of: resource, request, listener) {
            return (3, "\(owner) has no route for this client: \(exclusion)")
        }
        if let gateway = request.gateway {
            // Inside the mesh a Service has many names, at a Gateway just the full one.
            guard
                !HostName.patterns(covering: request.host.lowercased()).contains(where: spec.covers(resource))
            else { return (2, "the Gateway \(gateway.namespace)/\(gateway.name) does not take the host") }
            return (2, "\(owner) is for \"\(host)\" at Gateways, which do not know short names")
        }
        return (2, "\(owner) has no HTTP routes")
    }

    private func isBound(_ resource: Resource, to gateway: GatewayReference?) -> Bool {
        let names = resource.virtualService?.boundGateways ?? []
        guard let gateway else { return names.contains(VirtualService.mesh) }
        return names.contains { GatewayReference($0, namespace: resource.namespace) == gateway }
    }

    /// Why the first match block does not exist for the client; `nil` where a route does.
    private func exclusion(of resource: Resource, _ request: ExplainedRequest, _ listener: Int32)
        -> MatchExclusion?
    {
        var first: MatchExclusion?
        for effective in snapshot.effectiveRoutes(of: resource) {
            guard !effective.route.matches.isEmpty else { return nil }
            for match in effective.route.matches {
                // A host of the mesh that is no Service has port 80 only.
                let other = listener == 0 && match.port != nil && match.port != 80 ? match.port : nil
                let reason =
                    builder.exclusion(of: match, in: effective.source.namespace, listener: listener)
                    ?? other.map { .port($0) }
                guard let reason else { return nil }
                first = first ?? reason
            }
        }
        return first
    }
}

extension VirtualService {
    /// Whether one of its hosts, as a Gateway's clients have to write it, is a name or pattern.
    fileprivate func covers(_ resource: Resource) -> (_ pattern: String) -> Bool {
        let hosts = Set(hosts.map { HostName.resolve($0, namespace: resource.namespace) })
        return { hosts.contains($0) }
    }
}
