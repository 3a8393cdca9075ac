// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Makes traffic reports from a snapshot; the closure of the host is enough (``HostClosure``).
package struct TrafficReporter {
    /// What was counted under a key, summed over proxies; `nil` for nothing.
    package let observed: (EvidenceKey) -> RouteEvidence?
    private let hosts: HostViews

    var snapshot: ClusterSnapshot { hosts.snapshot }
    /// The client's namespace.
    var namespace: String { hosts.namespace }

    package init(
        snapshot: ClusterSnapshot,
        namespace: String,
        observed: @escaping (EvidenceKey) -> RouteEvidence? = { _ in nil }
    ) {
        self.init(HostViews(snapshot, namespace: namespace), observed: observed)
    }

    /// For the reports of several hosts, which share what is behind them.
    package init(_ hosts: HostViews, observed: @escaping (EvidenceKey) -> RouteEvidence? = { _ in nil }) {
        self.hosts = hosts
        self.observed = observed
    }

    /// The report of a host, by its full name.
    package func report(_ host: String) -> TrafficReport {
        let virtualServices = snapshot.virtualServices(for: host, namespace: namespace)
        var routes = virtualServices.flatMap { snapshot.effectiveRoutes(of: $0) }.enumerated()
            .map { number, effective in
                var report = route(effective, host)
                report.index = number
                return report
            }
        if virtualServices.isEmpty {
            routes = [defaultRoute(host)]
        } else if snapshot.leavesClients(virtualServices, in: namespace),
            snapshot.service(for: host, namespace: namespace) != nil
        {
            var rest = defaultRoute(host)
            // Where the VirtualServices have routes of TCP and TLS only, it takes every request.
            if !routes.isEmpty { rest.match = MatchDescription.otherClients }
            rest.index = snapshot.routeCount(of: host, namespace: namespace)
            routes.append(rest)
        }
        return TrafficReport(
            host: host,
            virtualService: virtualServices.first?.key,
            revision: snapshot.revision,
            routes: routes,
            connectionRoutes: connectionRoutes(of: host, virtualServices)
        )
    }

    /// Whether a Service or ServiceEntry declares the host, so that its requests get 503 and not 404 where nothing is ready.
    package func hasService(_ host: String) -> Bool { hosts[host].service != nil }

    /// The report of one route of a host.
    package func route(_ effective: EffectiveRoute, _ host: String) -> TrafficReport.Route {
        let route = effective.route
        var report = TrafficReport.Route(
            action: route.redirect != nil
                ? .redirect : route.directResponse != nil ? .directResponse : .forward,
            index: effective.index,
            name: route.name,
            match: MatchDescription.text(route.matches),
            since: effective.since,
            observedRequests: 0,
            destinations: [],
            virtualService: effective.virtualService.key,
            status: route.redirect?.code ?? route.directResponse?.status
        )
        let own = observed(effective.evidenceKey(store: snapshot.storeID, host: host))
        report.observedRequests = own?.assigned ?? 0
        guard report.action == .forward else { return report }
        let keys = effective.evidenceKeys(store: snapshot.storeID, host: host)
        let shares = route.destinations.splitWeights.shares
        for (index, weighted) in route.destinations.enumerated() {
            let name = effective.resolve(weighted.destination)
            var destination = destination(name, weighted.destination, shares[index])
            destination.weight = weighted.weight ?? 0
            destination.take(observed(keys[index]))
            report.destinations.append(destination)
        }
        report.sumUp()
        return report
    }

    func destination(_ name: String, _ destination: Destination, _ share: Double) -> TrafficReport.Destination
    {
        let host = hosts[name]
        let resolved = host.destination(destination.subset)
        let ports = resolved.service?.ports ?? []
        let port = destination.port.map { number in ports.first { $0.number == number } } ?? ports.first
        let labels = resolved.labels
        let endpoints = labels.flatMap { labels in port.map { host.endpoints(labels, at: $0) } } ?? []
        let ready = endpoints.count(where: \.isReady)
        return TrafficReport.Destination(
            host: resolved.host,
            subset: destination.subset,
            port: destination.port,
            weight: nil,
            declaredShare: share,
            servedShare: ready > 0 ? share : 0,
            observedShare: nil,
            observedRequests: 0,
            errors: 0,
            latency: nil,
            readyEndpoints: ready,
            totalEndpoints: endpoints.count,
            workloads: resolved.service == nil ? [] : labels.map(host.workloadNames) ?? [],
            isDefined: port != nil && resolved.labels != nil,
            isImplicit: resolved.isImplicit
        )
    }

    /// The route of a host without VirtualService: each version's share is that of its ready endpoints.
    package func defaultRoute(_ host: String) -> TrafficReport.Route {
        var report = TrafficReport.Route(
            action: .forward,
            index: 0,
            name: "",
            match: MatchDescription.anyRequest,
            since: 0,
            observedRequests: 0,
            destinations: [],
            virtualService: nil,
            status: nil
        )
        let service = hosts[host].service
        let catalog = VersionCatalog(hosts[host])
        let sum = catalog.versions.reduce(0.0) { $0 + Double($1.readyWeight) }
        for version in catalog.versions {
            let share = sum > 0 ? Double(version.readyWeight) / sum : 0
            var destination = TrafficReport.Destination(
                host: host,
                subset: version.name,
                port: nil,
                weight: nil,
                declaredShare: share,
                servedShare: share,
                observedShare: nil,
                observedRequests: 0,
                errors: 0,
                latency: nil,
                readyEndpoints: version.readyEndpoints,
                totalEndpoints: version.totalEndpoints,
                workloads: version.workloads,
                isDefined: true,
                isImplicit: true
            )
            let store = snapshot.storeID
            destination.take(
                observed(EvidenceKey(store: store, service: service, host: host, version: version.name))
            )
            report.destinations.append(destination)
        }
        report.sumUp()
        return report
    }
}

extension TrafficReport.Destination {
    mutating func take(_ evidence: RouteEvidence?) {
        guard let evidence else { return }
        observedRequests = evidence.assigned
        errors = evidence.completed.errors
        let durations = evidence.completed.durations
        guard let p50 = durations.quantile(0.5), let p90 = durations.quantile(0.9),
            let p99 = durations.quantile(0.99)
        else { return }
        latency = TrafficReport.Latency(p50: p50, p90: p90, p99: p99)
    }

    /// Of the observed requests; `nil` while there are none.
    package var errorRate: Double? {
        observedRequests > 0 ? Double(errors) / Double(observedRequests) : nil
    }
}

extension TrafficReport.Route {
    mutating func sumUp() {
        observedRequests = destinations.reduce(0) { $0 &+ $1.observedRequests }
        guard observedRequests > 0 else { return }
        for index in destinations.indices {
            destinations[index].observedShare =
                Double(destinations[index].observedRequests) / Double(observedRequests)
        }
    }
}

extension ClusterSnapshot {
    /// The hosts that have something to report, in alphabetical order: those of VirtualServices, and Services with more than
    /// one version.
    package func reportableHosts(namespace: String? = nil) -> [String] {
        var hosts: Set<String> = []
        for resource in resources where namespace == nil || resource.namespace == namespace {
            if let virtualService = resource.virtualService {
                for host in virtualService.hosts {
                    hosts.insert(HostName.resolve(host, namespace: resource.namespace))
                }
            } else if resource.kind == .service {
                let host = HostName.service(resource.name, namespace: resource.namespace)
                let catalog = VersionCatalog(HostView(host, namespace: resource.namespace, in: self))
                if catalog.versions.count(where: { $0.name != nil }) > 1 { hosts.insert(host) }
            }
        }
        return hosts.sorted()
    }
}
