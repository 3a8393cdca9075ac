// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// The routes of `spec.tcp` and `spec.tls` in reports: what they count are connections.
extension TrafficReporter {
    /// Those of the VirtualServices that decide about a host, under the numbers that `--route` takes.
    func connectionRoutes(of host: String, _ virtualServices: [Resource]) -> [TrafficReport.Route] {
        let owners = virtualServices.filter {
            $0.virtualService?.hasConnectionRoutes == true && !$0.isDamaged
        }
        guard !owners.isEmpty else { return [] }
        let keys = Set(owners.map(\.key))
        return snapshot.routes(of: host, namespace: namespace).filter {
            $0.list != .http && keys.contains($0.source.key)
        }.compactMap { connectionRoute($0, host) }
    }

    /// The report of one route of a host.
    package func route(_ route: HostRoute, _ host: String) -> TrafficReport.Route? {
        switch route.list {
        case .http: route.effective.map { self.route($0, host) }
        case .tcp, .tls: connectionRoute(route, host)
        }
    }

    func connectionRoute(_ route: HostRoute, _ host: String) -> TrafficReport.Route? {
        let spec = route.source.virtualService
        let routes = (route.list == .tls ? spec?.tlsRoutes : spec?.tcpRoutes) ?? []
        guard routes.indices.contains(route.sourceIndex) else { return nil }
        let written = routes[route.sourceIndex]
        var report = TrafficReport.Route(
            action: .forward,
            index: route.number,
            name: "",
            match: MatchDescription.text(written.matches, route.list),
            since: route.source.connectionEpoch(route.list, route.sourceIndex).revision,
            observedRequests: 0,
            destinations: [],
            virtualService: route.source.key,
            isConnection: true
        )
        for (weighted, share) in zip(route.destinations, route.destinations.splitWeights.shares) {
            let name = route.resolve(weighted.destination)
            var destination = destination(name, weighted.destination, share)
            destination.weight = weighted.weight ?? 0
            let key = written.evidenceKey(
                to: weighted.destination,
                at: name,
                of: route.source,
                list: route.list,
                index: route.sourceIndex,
                store: snapshot.storeID,
                host: host
            )
            destination.take(observed(key))
            report.destinations.append(destination)
        }
        report.sumUp()
        return report
    }
}

extension MatchDescription {
    /// `TCP connections, port = 5432 and to 10.0.0.0/8, or port = 1`.
    static func text(_ matches: [L4Match], _ list: HostRoute.List) -> String {
        let what = list == .tls ? "TLS connections" : "TCP connections"
        let conditions = matches.map(text).filter { !$0.isEmpty }
        guard !conditions.isEmpty, conditions.count == matches.count else { return what }
        return "\(what), \(conditions.joined(separator: ", or "))"
    }

    private static func text(_ match: L4Match) -> String {
        var parts: [String] = []
        if !match.sniHosts.isEmpty { parts.append("to name \(match.sniHosts.joined(separator: ","))") }
        if let port = match.port { parts.append("port = \(port)") }
        if !match.destinationSubnets.isEmpty {
            parts.append("to \(match.destinationSubnets.joined(separator: ","))")
        }
        let labels = match.sourceLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { parts.append("source labels \(labels.joined(separator: ","))") }
        if let namespace = match.sourceNamespace { parts.append("source namespace \(namespace)") }
        if !match.gateways.isEmpty { parts.append("gateway \(match.gateways.joined(separator: ","))") }
        return parts.joined(separator: " and ")
    }
}

extension VirtualService {
    /// Whether it has routes that are served: TLS stays what it is at Gateways only.
    fileprivate var hasConnectionRoutes: Bool {
        !tcpRoutes.isEmpty || !tlsRoutes.isEmpty && boundGateways.contains { $0 != Self.mesh }
    }
}
