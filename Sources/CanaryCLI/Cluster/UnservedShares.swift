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
        try hosts(of: change).sorted().flatMap { host in
            let before = try routes(of: host, client: namespace, in: change.view)
            let after = try routes(of: host, client: namespace, in: change)
            let known = shares(of: before)
            return after.compactMap { warning($0, host, isAlone: after.count == 1, known) }
        }
    }

    private static func routes(of host: String, client namespace: String, in source: some ResourceSource)
        throws -> [TrafficReport.Route]
    {
        let snapshot = try HostClosure.load([host], from: source, revision: 0)
        // Without VirtualService the requests go to what is there.
        guard !snapshot.virtualServices(for: host, namespace: namespace).isEmpty else { return [] }
        return TrafficReporter(snapshot: snapshot, namespace: namespace).report(host).routes
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

    // MARK: - Whom a change touches

    private static func hosts(of change: ClusterChange) throws -> Set<String> {
        var hosts: Set<String> = []
        for item in change.changes where item.outcome != .unchanged {
            hosts.formUnion(try change.hosts(of: item))
            if let before = item.before { hosts.formUnion(try users(of: before, in: change.view)) }
            if let after = item.after { hosts.formUnion(try users(of: after, in: change)) }
        }
        return hosts
    }

    /// The hosts whose routes send to what an object defines or is a part of.
    private static func users(of resource: Resource, in source: some ResourceSource) throws -> Set<String> {
        var used = Set(resource.hostsOfConcern)
        let labels = resource.workloadLabels ?? [:]
        for (key, value) in labels {
            let token = IndexToken.selects(key, value, namespace: resource.namespace)
            for selecting in try source.resources(with: token) {
                let selector = selecting.service?.selector ?? selecting.serviceEntry?.workloadSelector ?? [:]
                if labels.contains(all: selector) { used.formUnion(selecting.hostsOfConcern) }
            }
        }
        switch resource.kind {
        case .endpoints: used.insert(HostName.service(resource.name, namespace: resource.namespace))
        case .endpointSlice:
            if let name = resource.metadata.labels[EndpointSlice.serviceNameLabel] {
                used.insert(HostName.service(name, namespace: resource.namespace))
            }
        default: break
        }
        return try used.reduce(into: []) { hosts, host in
            for user in try source.resources(with: .destination(host)) {
                hosts.formUnion(try ClusterChange.hosts(of: user, in: source))
            }
        }
    }
}
