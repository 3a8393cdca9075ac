// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// The routes of `spec.tcp` in reports: what they count are connections.
extension TrafficReporter {
    /// Those of the VirtualServices that decide about a host, under the numbers that `--route` takes.
    func connectionRoutes(of host: String, _ virtualServices: [Resource]) -> [TrafficReport.Route] {
        // Many hosts may share thousands of TLS routes, which no report shows.
        guard virtualServices.contains(where: { $0.virtualService?.tcpRoutes.isEmpty == false }) else {
            return []
        }
        let keys = Set(virtualServices.map(\.key))
        return snapshot.routes(of: host, namespace: namespace).filter {
            $0.list == .tcp && keys.contains($0.source.key) && !$0.source.isDamaged
        }.compactMap { connectionRoute($0, host) }
    }

    /// The report of one route of a host; `nil` for routes of TLS, which are not served.
    package func route(_ route: HostRoute, _ host: String) -> TrafficReport.Route? {
        switch route.list {
        case .http: route.effective.map { self.route($0, host) }
        case .tcp: connectionRoute(route, host)
        case .tls: nil
        }
    }

    func connectionRoute(_ route: HostRoute, _ host: String) -> TrafficReport.Route? {
        let routes = route.source.virtualService?.tcpRoutes ?? []
        guard routes.indices.contains(route.sourceIndex) else { return nil }
        let written = routes[route.sourceIndex]
        var report = TrafficReport.Route(
            action: .forward,
            index: route.number,
            name: "",
            match: MatchDescription.text(written.matches),
            since: route.source.connectionEpoch(route.sourceIndex).revision,
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
    static func text(_ matches: [L4Match]) -> String {
        let conditions = matches.map(text).filter { !$0.isEmpty }
        guard !conditions.isEmpty, conditions.count == matches.count else { return "TCP connections" }
        return "TCP connections, \(conditions.joined(separator: ", or "))"
    }

    private static func text(_ match: L4Match) -> String {
        var parts: [String] = []
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
