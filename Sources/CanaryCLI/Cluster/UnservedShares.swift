// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources

/// Shares of routes that get 503 by a change: they have a ready endpoint before it, or are smaller, and none after it.
enum UnservedShares {
    /// One destination of one route, whatever its share.
    private struct Place: Hashable {
        var match: String
        var name: String
        var destination: String
    }

    /// A warning for each route of each host that the change makes worse.
    ///
    /// - Parameter failing: the addresses that fail the health checks of every proxy.
    static func warnings(
        of change: ClusterChange,
        client namespace: String,
        failing: Set<String>
    ) throws -> [String] {
        let hosts = try TouchedHosts.of(change).sorted()
        guard !hosts.isEmpty else { return [] }
        let before = try reporter(of: hosts, client: namespace, failing, in: change.known)
        let after = try reporter(of: hosts, client: namespace, failing, in: change)
        return hosts.flatMap { host in
            let (report, earlier) = (after.report(host), before.report(host))
            let known = shares(of: earlier.routes + earlier.connectionRoutes)
            let requests = report.routes.compactMap { route in
                guard route.virtualService == nil else {
                    return warning(route, host, isAlone: report.routes.count == 1, known)
                }
                return after.hasService(host) ? warning(route, host, earlier.routes) : nil
            }
            let connections = report.connectionRoutes.compactMap {
                warning($0, host, isAlone: report.connectionRoutes.count == 1, known)
            }
            return requests + connections
        }
    }

    private static func reporter(
        of hosts: [String],
        client namespace: String,
        _ failing: Set<String>,
        in source: some ResourceSource
    ) throws -> TrafficReporter {
        var snapshot = try HostClosure.load(hosts, from: source, revision: 0)
        snapshot.failingAddresses = failing
        return TrafficReporter(snapshot: snapshot, namespace: namespace)
    }

    private static func shares(of routes: [TrafficReport.Route]) -> [Place: Double] {
        var shares: [Place: Double] = [:]
        for route in routes {
            for destination in route.destinations {
                shares[place(destination, route), default: 0] += unserved(destination)
            }
        }
        return shares
    }

    private static func place(_ destination: TrafficReport.Destination, _ route: TrafficReport.Route) -> Place
    {
        Place(match: route.match, name: route.name, destination: DestinationText.name(destination))
    }

    private static func unserved(_ destination: TrafficReport.Destination) -> Double {
        destination.declaredShare - destination.servedShare
    }

    /// Any destination that is worse gives reason to warn, of all that the route's requests will get.
    private static func warning(
        _ route: TrafficReport.Route,
        _ host: String,
        isAlone: Bool,
        _ known: [Place: Double]
    ) -> String? {
        guard route.destinations.contains(where: { unserved($0) > max(known[place($0, route)] ?? 0, 0) })
        else { return nil }
        let part = isAlone ? "" : " of route \(route.name.isEmpty ? String(route.index) : route.name)"
        return sentence(route, " to \(HostName.short(host))\(part)")
    }

    /// What becomes of a route's share for which no endpoint is ready, and where it is; `nil` where there is none.
    static func sentence(_ route: TrafficReport.Route, _ place: String = "") -> String? {
        let unserved = route.destinations.filter { self.unserved($0) > 0 }
        guard !unserved.isEmpty else { return nil }
        let share = NumberText.percent(unserved.reduce(0) { $0 + self.unserved($1) })
        let names = unserved.map { "\"\($0.subset ?? HostName.short($0.host))\"" }.joined(separator: " or ")
        let (what, end) = route.isConnection ? ("connections", "be refused") : ("requests", "get 503")
        return "\(share) of \(what)\(place) will \(end): no endpoint of \(names) is ready"
    }

    /// Of the Service's own route, whose requests go to whatever is ready, so that all of them are served, or none is. It takes
    /// every request, or those for which no VirtualService has a route.
    private static func warning(
        _ route: TrafficReport.Route,
        _ host: String,
        _ earlier: [TrafficReport.Route]
    ) -> String? {
        guard !isServed(route), earlier.contains(where: isServed) else { return nil }
        let part = route.match == MatchDescription.anyRequest ? "" : " that no VirtualService takes"
        return
            "\(NumberText.percent(1)) of requests to \(HostName.short(host))\(part) will get 503: no endpoint is ready"
    }

    private static func isServed(_ route: TrafficReport.Route) -> Bool {
        route.action != .forward || route.destinations.contains { $0.servedShare > 0 }
    }
}
