// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources
import CanaryRules
import CanaryStore

/// Everything that is told of one host.
struct HostReport {
    var traffic: TrafficReport
    var diagnostics: [Diagnostic]
    var autoscalers: [Resource]
    var deployments: [String: Resource]
    var changes: [HostChange]
    /// The one that goes on, else the newest one; an error where its journal cannot be read.
    var rollout: Result<RolloutReport, CommandError>?
    /// Whether any object is about the host.
    var isKnown: Bool
    /// For each running proxy that tells who its clients are, the numbers of the routes that those can't take.
    var outOfReach: [Set<Int>] = []

    /// Whether a route takes requests of no running proxy.
    func isOutOfReach(_ route: TrafficReport.Route) -> Bool {
        !outOfReach.isEmpty && outOfReach.allSatisfy { $0.contains(route.index) }
    }

    var isEmpty: Bool { !isKnown }

    /// The `TrafficReport` of `describe -o json`.
    var node: Node {
        var node = traffic.node(diagnostics: diagnostics) { outOfReach.isEmpty ? nil : !isOutOfReach($0) }
        node.set((try? rollout?.get().node) ?? Node(.null), at: "rollout")
        return node
    }
}

/// Makes the reports of hosts from one snapshot. What several hosts share, such as a VirtualService and what is wrong with it,
/// is looked at once. Belongs to one thread.
final class HostReporter {
    private let snapshot: ClusterSnapshot
    private let view: StoredCluster
    private let session: ClusterSession
    private let checker: ReferenceChecker
    private let proxies: [ProxyRecord]
    private var views: [String: HostViews] = [:]
    private var findings: [ResourceKey: Findings] = [:]

    /// What is wrong with an object: with it as a whole, and with one of the hosts that it lists.
    private struct Findings {
        var general: [Diagnostic] = []
        var ofHost: [String: [Diagnostic]] = [:]
    }

    /// `proxies` are those that run.
    init(snapshot: ClusterSnapshot, view: StoredCluster, session: ClusterSession, proxies: [ProxyRecord]) {
        var snapshot = snapshot
        snapshot.storeID = view.storeID
        snapshot.failingAddresses = proxies.failingAddresses
        self.snapshot = snapshot
        self.view = view
        self.session = session
        self.proxies = proxies
        checker = ReferenceChecker(snapshot, home: session.settings.home)
    }

    func report(_ host: String) throws -> HostReport {
        let evidence = try session.runtime.evidence(store: view.storeID, host: host)
        let views = views(for: HostName.service(of: host)?.namespace ?? session.settings.namespace)
        let traffic = TrafficReporter(views) { evidence[$0] }.report(host)
        let destinations = Set(
            (traffic.routes + traffic.connectionRoutes).flatMap(\.destinations).map(\.host)
        ).union([host]).sorted()
        return HostReport(
            traffic: traffic,
            diagnostics: snapshot.resources(concerning: host).flatMap { warnings(about: $0, of: host) },
            autoscalers: autoscalers(destinations.map { views[$0] }),
            deployments: Dictionary(destinations.flatMap { views[$0].controllers }.map { ($0.name, $0) }) {
                $0.kind == .deployment ? $0 : $1
            },
            changes: try view.history(of: host, limit: 5),
            rollout: try rollout(of: host),
            isKnown: true,
            outOfReach: outOfReach(host, views.namespace)
        )
    }

    private func rollout(of host: String) throws -> Result<RolloutReport, CommandError>? {
        do {
            return try StoredRollout(ifAnyOf: host, view, session.settings).map {
                .success(RolloutReport(rollout: $0))
            }
        } catch let error as CommandError {
            return .failure(error)
        }
    }

    /// Proxies that do not tell who their clients are might reach everything.
    private func outOfReach(_ host: String, _ namespace: String) -> [Set<Int>] {
        guard proxies.allSatisfy({ $0.clients != nil }) else { return [] }
        return proxies.map {
            snapshot.routesOutOfReach(
                of: host,
                namespace: namespace,
                clientNamespace: $0.clientNamespace,
                labels: $0.clientLabels
            )
        }
    }

    private func views(for namespace: String) -> HostViews {
        if let known = views[namespace] { return known }
        let found = HostViews(snapshot, namespace: namespace)
        views[namespace] = found
        return found
    }

    private func autoscalers(_ hosts: [HostView]) -> [Resource] {
        var found: [ResourceKey: Resource] = [:]
        for autoscaler in hosts.flatMap(\.autoscalers) { found[autoscaler.key] = autoscaler }
        return found.values.sorted(by: Resource.isOlder)
    }

    private func warnings(about resource: Resource, of host: String) -> [Diagnostic] {
        let found = findings(about: resource)
        return found.general + (found.ofHost[host] ?? [])
    }

    private func findings(about resource: Resource) -> Findings {
        if let known = findings[resource.key] { return known }
        // What stands for a damaged object is nobody's fault; its loss is told as such.
        guard !resource.isDamaged else { return Findings() }
        let hosts = resource.routedHosts
        var found = Findings()
        for finding in checker.check(resource).asWarnings where finding.severity != .info {
            guard case .index(let index)? = finding.path.hostIndex, hosts.indices.contains(index) else {
                found.general.append(finding)
                continue
            }
            found.ofHost[hosts[index], default: []].append(finding)
        }
        findings[resource.key] = found
        return found
    }
}

extension FieldPath {
    /// The `3` of `spec.hosts[3]`.
    fileprivate var hostIndex: Component? {
        components.count == 3 && components[0] == .key("spec") && components[1] == .key("hosts")
            ? components[2] : nil
    }
}

extension ClusterSnapshot {
    /// The VirtualServices and DestinationRules that name a host, and its Service; in the order of their keys.
    func resources(concerning host: String) -> [Resource] {
        let naming = resources(with: .host(host)) + resources(with: .rule(host))
        let service = HostName.service(of: host).flatMap { name, namespace in
            resource(ResourceKey(.service, namespace: namespace, name: name))
        }
        return (naming.filter { $0.kind != .serviceEntry } + [service].compactMap(\.self))
            .sorted { $0.key < $1.key }
    }
}
