// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What DestinationRules say about a host, to a client.
package struct HostPolicy: Sendable {
    package var subsets: [DestinationRule.Subset] = []
    @Rare package var trafficPolicy: TrafficPolicy? = nil
    /// That of the rules, where some name Secrets.
    @Rare package var credentialNamespace: String? = nil
    /// Whether one of the rules is damaged: nobody knows which endpoints are of which subset.
    package var isDamaged = false

    /// Istio's namespace for rules that hold everywhere.
    package static let rootNamespace = "istio-system"

    /// The subset of a name that a rule defines.
    package func subset(_ name: String) -> DestinationRule.Subset? {
        subsets.first { $0.name == name }
    }

    /// The blocks in force for a subset at a port: the rule's, overridden block by block by the subset's; at each level the
    /// settings of the port replace the level's whole.
    package func effective(subset: DestinationRule.Subset?, port: Int) -> EffectivePolicy {
        var effective = EffectivePolicy()
        for policy in [trafficPolicy, subset?.trafficPolicy].compactMap(\.self) {
            if policy.hasLoadBalancer { effective.loadBalancer = policy }
            effective.connectionPool = policy.connectionPool ?? effective.connectionPool
            effective.outlierDetection = policy.outlierDetection ?? effective.outlierDetection
            effective.retryBudget = policy.retryBudget ?? effective.retryBudget
            effective.tls = policy.tls ?? effective.tls
            effective.proxyProtocol = policy.proxyProtocol ?? effective.proxyProtocol
            if let level = policy.portLevelSettings.first(where: { $0.port == port })?.policy {
                effective.loadBalancer = level
                effective.connectionPool = level.connectionPool
                effective.outlierDetection = level.outlierDetection
                effective.tls = level.tls
            }
        }
        return effective
    }
}

/// The blocks in force.
package struct EffectivePolicy {
    /// The traffic policy from which the balancer comes.
    package var loadBalancer: TrafficPolicy?
    package var connectionPool: ConnectionPool?
    package var outlierDetection: OutlierDetection?
    /// Ports have none of their own.
    package var retryBudget: RetryBudget?
    package var tls: ClientTLS?
    /// Nor of this.
    package var proxyProtocol: ProxyProtocolVersion?
}

extension ClusterSnapshot {
    /// The rules for a host (full name): the client's namespace decides, then the Service's, then `istio-system`; within
    /// one the most specific host; several rules of that host are merged.
    package func policy(
        for host: String,
        serviceNamespace: String?,
        clientNamespace: String,
        clientLabels: [String: String] = [:]
    ) -> HostPolicy {
        var found: [String: [(rule: DestinationRule, isDamaged: Bool)]] = [:]
        for pattern in names(covering: host, of: .destinationRule) {
            var group: [String: [(rule: DestinationRule, isDamaged: Bool)]] = [:]
            for resource in resources(with: .rule(pattern)) {
                guard let rule = resource.destinationRule,
                    Visibility.isExported(rule.exportTo, from: resource.namespace, to: clientNamespace),
                    rule.workloadSelector.map({ clientLabels.contains(all: $0) }) ?? true
                else { continue }
                group[resource.namespace, default: []].append((rule, resource.isDamaged))
            }
            found.merge(group) { specific, _ in specific }
        }
        for namespace in [clientNamespace, serviceNamespace ?? "", HostPolicy.rootNamespace] {
            guard let rules = found[namespace] else { continue }
            var policy = Self.merge(rules.map(\.rule))
            if rules.contains(where: { !$0.rule.credentialNames.isEmpty }) {
                policy.credentialNamespace = namespace
            }
            policy.isDamaged = rules.contains(where: \.isDamaged)
            return policy
        }
        return HostPolicy()
    }

    /// The oldest rule's policy, and the subsets of all that are exported alike; of a repeated name the oldest. Rules that
    /// select the client's workload win over those for everybody.
    private static func merge(_ rules: [DestinationRule]) -> HostPolicy {
        let selecting = rules.filter { $0.workloadSelector != nil }
        let candidates = selecting.isEmpty ? rules : selecting
        guard let first = candidates.first else { return HostPolicy() }
        var policy = HostPolicy()
        var names: Set<String> = []
        let exportTo = Set(first.exportTo)
        for rule in candidates where Set(rule.exportTo) == exportTo {
            policy.trafficPolicy = policy.trafficPolicy ?? rule.trafficPolicy
            for subset in rule.subsets where names.insert(subset.name).inserted {
                policy.subsets.append(subset)
            }
        }
        return policy
    }
}
