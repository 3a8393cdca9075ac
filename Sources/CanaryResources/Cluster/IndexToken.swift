// SPDX-License-Identifier: Apache-2.0

/// The words by which objects are found: what an object is about, and what it refers to.
///
/// They are the keys of the store's index and of ``ClusterSnapshot``, so that a command about one host loads that host's
/// objects and no others. A token is `aspect:value`.
package struct IndexToken: Hashable, Sendable {
    package let text: String

    package static func == (left: IndexToken, right: IndexToken) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    private init(_ aspect: String, _ value: String) {
        text = "\(aspect):\(value)"
    }

    /// VirtualServices and ServiceEntries that list a host or pattern, full name.
    package static func host(_ host: String) -> IndexToken { IndexToken("host", host) }

    /// VirtualServices that send requests to a host.
    package static func destination(_ host: String) -> IndexToken { IndexToken("destination", host) }

    /// VirtualServices that delegate to a VirtualService.
    package static func delegate(_ name: String, namespace: String) -> IndexToken {
        IndexToken("delegate", "\(namespace)/\(name)")
    }

    /// VirtualServices bound to a Gateway.
    package static func gateway(_ name: String, namespace: String) -> IndexToken {
        IndexToken("gateway", "\(namespace)/\(name)")
    }

    /// DestinationRules for a host or pattern.
    package static func rule(_ host: String) -> IndexToken { IndexToken("rule", host) }

    /// Workloads (Deployments and what else makes pods, Pods, WorkloadEntries) and EndpointSlices that carry a label.
    package static func label(_ key: String, _ value: String, namespace: String) -> IndexToken {
        IndexToken("label", "\(namespace)/\(key)=\(value)")
    }

    /// Whether it is of workloads and what belongs to them.
    package var isOfWorkloads: Bool { text.hasPrefix("label:") }

    /// Services and ServiceEntries whose selector asks for a label; the first of its keys in alphabetical order.
    package static func selects(_ key: String, _ value: String, namespace: String) -> IndexToken {
        IndexToken("selects", "\(namespace)/\(key)=\(value)")
    }

    /// Autoscalers of a Deployment, or of something else that makes pods.
    package static func target(_ name: String, namespace: String) -> IndexToken {
        IndexToken("target", "\(namespace)/\(name)")
    }

    /// Rollouts of a version of a host.
    package static func rollout(_ host: String) -> IndexToken { IndexToken("rollout", host) }

    /// Rollouts that move as one.
    package static func group(_ name: String, namespace: String) -> IndexToken {
        IndexToken("group", "\(namespace)/\(name)")
    }
}

extension Resource {
    /// Everything that this object can be found by.
    package var indexTokens: Set<IndexToken> {
        switch spec {
        case .service(let service):
            Self.selectorTokens(service.selector, namespace)
        case .serviceEntry(let entry):
            Set(entry.hosts.map { .host($0.lowercased()) })
                .union(Self.selectorTokens(entry.workloadSelector ?? [:], namespace))
        case .deployment(let deployment): Self.labelTokens(deployment.template.labels, namespace)
        case .podController(let controller): Self.labelTokens(controller.template.labels, namespace)
        case .pod(let pod): Self.labelTokens(pod.template.labels, namespace)
        case .workloadEntry(let entry): Self.labelTokens(entry.labels, namespace)
        case .endpointSlice: Self.labelTokens(metadata.labels, namespace)
        case .horizontalPodAutoscaler(let autoscaler): [.target(autoscaler.targetName, namespace: namespace)]
        case .destinationRule(let rule): [.rule(HostName.resolve(rule.host, namespace: namespace))]
        case .virtualService(let virtualService): virtualServiceTokens(virtualService)
        case .rollout(let rollout):
            Set([IndexToken.rollout(HostName.resolve(rollout.host, namespace: namespace))])
                .union(rollout.group.map { [.group($0, namespace: namespace)] } ?? [])
        case .endpoints, .gateway, .analysisTemplate, .credential, .opaque: []
        }
    }

    private func virtualServiceTokens(_ virtualService: VirtualService) -> Set<IndexToken> {
        var tokens = Set(
            virtualService.hosts.map { IndexToken.host(HostName.resolve($0, namespace: namespace)) }
        )
        // Routes name the same few hosts again and again.
        for host in Set(virtualService.destinationHosts + virtualService.mirrorHosts) {
            tokens.insert(.destination(HostName.resolve(host, namespace: namespace)))
        }
        for delegate in virtualService.http.compactMap(\.delegate) {
            tokens.insert(.delegate(delegate.name, namespace: delegate.namespace ?? namespace))
        }
        for reference in virtualService.gateways + virtualService.http.flatMap(\.matches).flatMap(\.gateways)
        {
            if let gateway = GatewayReference(reference, namespace: namespace) {
                tokens.insert(.gateway(gateway.name, namespace: gateway.namespace))
            }
        }
        return tokens
    }

    private static func labelTokens(_ labels: [String: String], _ namespace: String) -> Set<IndexToken> {
        Set(labels.map { .label($0.key, $0.value, namespace: namespace) })
    }

    private static func selectorTokens(_ selector: [String: String], _ namespace: String) -> Set<IndexToken> {
        guard let first = selector.min(by: { $0.key < $1.key }) else { return [] }
        return [.selects(first.key, first.value, namespace: namespace)]
    }
}

/// A gateway as a VirtualService names it: `name`, or `namespace/name`; `nil` for `mesh`.
package struct GatewayReference: Hashable, Sendable {
    package var namespace: String
    package var name: String

    package init(_ gateway: ResourceKey) {
        (namespace, name) = (gateway.namespace, gateway.name)
    }

    package init?(_ text: String, namespace: String) {
        guard text != VirtualService.mesh else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1)
        switch parts.count {
        case 2: (self.namespace, self.name) = (String(parts[0]), String(parts[1]))
        case 1: (self.namespace, self.name) = (namespace, text)
        default: return nil
        }
    }
}

extension VirtualService {
    /// Every host that a route sends to, as written, repeats included.
    package var destinationHosts: [String] {
        http.flatMap(\.destinations).map(\.destination.host)
            + (tlsRoutes + tcpRoutes).flatMap(\.destinations).map(\.destination.host)
    }

    /// Every host that gets copies of requests, likewise.
    package var mirrorHosts: [String] { http.flatMap(\.effectiveMirrors).map(\.destination.host) }
}
