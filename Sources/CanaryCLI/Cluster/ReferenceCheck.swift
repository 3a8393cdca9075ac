// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryMesh
import CanaryResources
import CanaryRules
import Synchronization

/// Runs the rules that look at several objects, over no more of the cluster than they need.
enum ReferenceCheck {
    /// Beyond this many objects, loading everything once is cheaper than looking each neighbourhood up.
    private static let mostNeighbourhoods = 50

    /// `others` are looked at too, though they are not in the cluster.
    static func findings(
        about changed: [Resource],
        beside others: [Resource] = [],
        in change: ClusterChange,
        _ settings: Settings,
        startsPods: Bool = false
    ) throws -> [Diagnostic] {
        guard !changed.isEmpty else { return [] }
        // Gateways select workloads of any namespace and share ports with any other Gateway.
        var snapshot =
            changed.count > mostNeighbourhoods || changed.contains { $0.kind == .gateway }
            ? try change.snapshot() : try neighbourhood(of: changed, in: change)
        snapshot.insert(contentsOf: others)
        let findings = findings(about: changed, in: snapshot, settings, startsPods: startsPods)
        return findings.filter { !$0.isAboutIstiosGateway }.asWarnings
    }

    /// Fewer objects than this are checked sooner than a thread is started.
    private static let objectsPerTurn = 1000

    /// What is wrong with objects because of others, found by as many threads as there are processors and work for them. The
    /// result does not depend on their number.
    static func findings(
        about resources: [Resource],
        in snapshot: ClusterSnapshot,
        _ settings: Settings,
        manifestsOnly: Bool = false,
        startsPods: Bool = false
    ) -> [Diagnostic] {
        let home = settings.home
        let turns = stride(from: 0, to: resources.count, by: objectsPerTurn).map { start in
            resources[start..<min(start + objectsPerTurn, resources.count)]
        }
        let next = Atomic(0)
        let results = Mutex([[Diagnostic]](repeating: [], count: turns.count))
        let work = { @Sendable in
            let checker = ReferenceChecker(
                snapshot,
                manifestsOnly: manifestsOnly,
                startsPods: startsPods,
                home: home
            )
            while true {
                let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard turn < turns.count else { return }
                let found = turns[turn].flatMap { checker.check($0) }
                results.withLock { $0[turn] = found }
            }
        }
        let helpers = (1..<max(1, min(Processors.count, turns.count))).compactMap { _ in
            Thread(name: "references", work)
        }
        work()
        for helper in helpers { helper.join() }
        return results.withLock { $0.flatMap(\.self) }
    }

    private static func neighbourhood(of changed: [Resource], in change: ClusterChange) throws
        -> ClusterSnapshot
    {
        var hosts = Set(changed.flatMap(\.hostsOfConcern))
        var others: [Resource] = []
        for resource in changed {
            switch resource.spec {
            case .deployment, .podController:
                others += try neighbours(of: resource, change, &hosts)
            case .horizontalPodAutoscaler(let autoscaler):
                guard let kind = autoscaler.target else { continue }
                let key = ResourceKey(kind, namespace: resource.namespace, name: autoscaler.targetName)
                guard let target = try change.resource(key) else { continue }
                others += try neighbours(of: target, change, &hosts) + [target]
            case .rollout(let rollout):
                for use in rollout.analysis.templates {
                    let key = ResourceKey(.analysisTemplate, namespace: resource.namespace, name: use.name)
                    others += [try change.resource(key)].compactMap(\.self)
                }
                // Those of the same host, and of the same group.
                for token in resource.indexTokens { others += try change.resources(with: token) }
            default: break
            }
        }
        var snapshot = try change.closure(of: hosts.sorted())
        for resource in others + changed { snapshot.insert(resource) }
        return snapshot
    }

    /// The Services that select a Deployment's pods, whose routes matter to it, and its Namespace, which says whether it is in
    /// the mesh.
    private static func neighbours(
        of deployment: Resource,
        _ change: ClusterChange,
        _ hosts: inout Set<String>
    ) throws -> [Resource] {
        var found: [Resource] = []
        let labels = deployment.workloadLabels ?? [:]
        for (key, value) in labels {
            let token = IndexToken.selects(key, value, namespace: deployment.namespace)
            for service in try change.resources(with: token) {
                found.append(service)
                guard labels.contains(all: service.service?.selector ?? [:]) else { continue }
                hosts.formUnion(service.hostsOfConcern)
            }
        }
        let namespace = ResourceKey(.namespace, namespace: "", name: deployment.namespace)
        if let resource = try change.resource(namespace) { found.append(resource) }
        return found
    }
}

extension Resource {
    /// The hosts whose closure a rule about this object may look at.
    var hostsOfConcern: [String] {
        switch spec {
        case .service: [HostName.service(name, namespace: namespace)]
        case .virtualService(let virtualService):
            (virtualService.hosts + virtualService.destinationHosts).map {
                HostName.resolve($0, namespace: namespace)
            }
        case .destinationRule(let rule): [HostName.resolve(rule.host, namespace: namespace)]
        case .serviceEntry(let entry): entry.hosts.map { $0.lowercased() }
        case .rollout(let rollout): [HostName.resolve(rollout.host, namespace: namespace)]
        default: []
        }
    }
}
