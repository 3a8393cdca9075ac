// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// Shares of routes that get 503 by a change: they have a ready endpoint before it, or are smaller, and none after it.
enum UnservedShares {
    /// One destination of one route, whatever its share.
    private struct Place: Hashable {
        var match: String
        var name: String
        var destination: String
    }

    /// A warning for each route of each host that the change makes worse.
    static func warnings(of change: ClusterChange, client namespace: String) throws -> [String] {
        let hosts = try TouchedHosts.of(change).sorted()
        guard !hosts.isEmpty else { return [] }
        let before = try reporter(of: hosts, client: namespace, in: change.known)
        let after = try reporter(of: hosts, client: namespace, in: change)
        return hosts.flatMap { host in
            let routes = routes(of: host, after)
            let known = routes.isEmpty ? [:] : shares(of: self.routes(of: host, before))
            return routes.compactMap { warning($0, host, isAlone: routes.count == 1, known) }
        }
    }

    private static func reporter(
        of hosts: [String],
        client namespace: String,
        in source: some ResourceSource
    ) throws -> TrafficReporter {
        TrafficReporter(
            snapshot: try HostClosure.load(hosts, from: source, revision: 0),
            namespace: namespace
        )
    }

    /// Without VirtualService the requests go to what is there: nothing of them is counted.
    private static func routes(of host: String, _ reporter: TrafficReporter) -> [TrafficReport.Route] {
        let report = reporter.report(host)
        return report.virtualService == nil ? [] : report.routes
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

    private static func warning(
        _ route: TrafficReport.Route,
        _ host: String,
        isAlone: Bool,
        _ known: [Place: Double]
    ) -> String? {
        let worse = route.destinations.filter { unserved($0) > known[place($0, route)] ?? 0 }
        guard !worse.isEmpty else { return nil }
        let share = NumberText.percent(worse.reduce(0) { $0 + unserved($1) })
        let names = worse.map { "\"\($0.subset ?? HostName.short($0.host))\"" }.joined(separator: " or ")
        let part = isAlone ? "" : " of route \(route.name.isEmpty ? String(route.index) : route.name)"
        return
            "\(share) of requests to \(HostName.short(host))\(part) will get 503: no endpoint of \(names) is ready"
    }
}
