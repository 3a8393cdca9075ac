// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources
import CanaryRouting
import CanaryRules

/// Explains requests by asking the routing table that the proxy uses.
package struct RequestExplainer {
    let snapshot: ClusterSnapshot
    let namespace: String
    let builder: RoutingTableBuilder
    let table: RoutingTable
    private let identifiers = RoutingIdentifiers()
    private let routes = KnownRoutes()
    let numbers: RouteNumbers

    /// The snapshot needs to hold no more than the closure of the requests' hosts (``HostClosure``). `namespace` and
    /// `sourceLabels` are the client's.
    package init(snapshot: ClusterSnapshot, namespace: String, sourceLabels: [String: String] = [:]) {
        self.snapshot = snapshot
        self.namespace = namespace
        numbers = RouteNumbers(snapshot)
        builder = RoutingTableBuilder(
            snapshot: snapshot,
            namespace: namespace,
            sourceLabels: sourceLabels,
            identifiers: identifiers
        )
        table = builder.table()
    }

    /// Whether a Gateway has a port that speaks HTTP.
    package func serves(_ gateway: GatewayReference) -> Bool { !builder.listeners(of: gateway).isEmpty }

    /// Whether clients of the mesh find the host that a request asks for.
    package func meshKnows(_ request: ExplainedRequest) -> Bool {
        let arena = RoutingArena()
        return withExtendedLifetime((arena, table)) {
            table.virtualHost(listener: 0, authority: arena.store(request.authority)) != nil
        }
    }

    package func explain(_ request: ExplainedRequest) -> Explanation {
        explain(request, at: listener(for: request))
    }

    /// The same where the client's URL leads: what the mesh has no answer for goes to a port that a Gateway or a Service opens.
    /// `port` is that of the URL. The request comes back as it was asked, with the Gateway.
    package func explain(_ request: ExplainedRequest, arrivingAt port: Int) -> (
        ExplainedRequest, Explanation
    ) {
        if request.isConnection { return explainConnection(request) }
        let inMesh = explain(request)
        guard request.gateway == nil, inMesh.action == .notFound else { return (request, inMesh) }
        for (index, spec) in table.listeners.enumerated()
        where spec.kind != .mesh && spec.port == port && spec.isOpen && !spec.isOpaque {
            var asked = request
            if spec.kind == .gateway { asked.gateway = spec.origin.map { GatewayReference($0) } }
            let explanation = explain(asked, at: Int32(clamping: index))
            if explanation.action != .notFound { return (asked, explanation) }
        }
        return (request, inMesh)
    }

    /// The Gateways with a plain port that have an answer for a request, as people write them.
    package func gateways(answering request: ExplainedRequest) -> [String] {
        table.listeners.compactMap { spec in
            guard spec.kind == .gateway, let origin = spec.origin else { return nil }
            var asked = request
            asked.gateway = GatewayReference(origin)
            return explain(asked).action == .notFound ? nil : "\(origin.namespace)/\(origin.name)"
        }
    }

    private func explain(_ request: ExplainedRequest, at listener: Int32) -> Explanation {
        guard request.method != "CONNECT" else { return .connect }
        let arena = RoutingArena()
        return withExtendedLifetime((arena, table)) {
            var facts = request.facts(in: arena)
            guard let host = table.virtualHost(listener: listener, authority: facts.authority) else {
                return Explanation(reason: unknownHost(request, listener))
            }
            facts.port = host.servicePort(
                authorityPort: Authority.split(facts.authority).port,
                listenerPort: table.listeners[Int(listener)].requestPort
            )
            if let user = request.user, let route = host.route(for: facts) {
                facts.identify(as: user, by: route.record.pointee.sticky, in: arena)
            }
            var explanation = explanation(
                host,
                facts,
                listener,
                clientNamespace: request.gateway?.namespace ?? namespace
            )
            explanation.droppedHeaders = request.droppedHeaders
            return explanation
        }
    }

    /// Of a Gateway's ports the one that the request addresses, else the first.
    private func listener(for request: ExplainedRequest) -> Int32 {
        guard let gateway = request.gateway else { return 0 }
        let candidates = builder.listeners(of: gateway)
        let port = request.port
        return candidates.first { table.listeners[Int($0)].port == port } ?? candidates.first ?? -1
    }

    private func explanation(
        _ host: VirtualHostHandle,
        _ facts: RequestFacts,
        _ listener: Int32,
        clientNamespace: String
    ) -> Explanation {
        let owners = host.virtualServices.compactMap(snapshot.resource)
        let taken = host.route(for: facts)
        var explanation = Explanation(host: host.host.text, virtualService: owners.first?.key)
        explanation.meshPort = listener == 0 ? Int(facts.port) : nil
        let search = RouteSearch(host: host, taken: taken, facts: facts) {
            builder.exclusion(of: $0, in: $1, listener: listener)
        }
        // In the mesh one VirtualService decides, at a Gateway all of them do.
        var asked = owners[...]
        if listener == 0, taken == nil, let decider = host.decider(at: facts.port) {
            asked = owners[...decider]
            explanation.virtualService = owners[decider].key
        }
        for (position, owner) in asked.enumerated() {
            let (routes, lost) = routes.of(owner, in: snapshot)
            explanation.skipped += routes.compactMap { route in
                search.skipped(route, owner: position) {
                    numbers.number(of: $0, in: owner, host: host.host.text, namespace: clientNamespace)
                }
            }
            let effective = taken.flatMap { taken in
                taken.owner == position ? routes.first { $0.index == taken.index } : nil
            }
            explanation.lost += lost.compactMap {
                search.lost($0, of: owner, owner: position, before: effective)
            }
            guard let effective else { continue }
            explanation.virtualService = owner.key
            explanation.effective = effective
        }
        guard let taken else {
            explanation.reason = "no route takes the request"
            return explanation
        }
        let reporter = TrafficReporter(snapshot: snapshot, namespace: clientNamespace)
        complete(&explanation, taken, facts, reporter)
        return explanation
    }

    private func complete(
        _ explanation: inout Explanation,
        _ taken: RouteHandle,
        _ facts: RequestFacts,
        _ reporter: TrafficReporter
    ) {
        let host = explanation.host ?? ""
        explanation.effects = RouteEffects(route: taken, facts: facts, identifiers: identifiers).effects
        switch taken.action {
        case .forward: explanation.action = .route
        case .redirect: explanation.action = .redirect
        case .directResponse: explanation.action = .directResponse
        }
        if let effective = explanation.effective {
            explanation.route = reporter.route(effective, host)
            explanation.route?.index = numbers.number(
                of: effective.index,
                in: effective.virtualService,
                host: host,
                namespace: reporter.namespace
            )
            explanation.crossOrigin = effective.route.corsPolicy.flatMap { CrossOrigin($0, facts) }
            explanation.unserved = effective.unserved
            explanation.hashKey = effective.route.destinations.count > 1 ? StickyChoice.Key(taken) : nil
            explanation.sticky = StickyChoice(taken, effective, facts, identifiers)
        } else if taken.action == .forward {
            explanation.virtualService = nil
            explanation.route = reporter.defaultRoute(host)
            explanation.route?.index = numbers.numberOfOwnRoute(of: host, namespace: reporter.namespace)
        }
    }
}

extension ListenerSpec {
    /// Whether the proxy can open it; Gateways that are taken as written bind to no address.
    fileprivate var isOpen: Bool { bind.map(IPAddress.isValid) ?? true }
}

/// The routes of VirtualServices that requests were asked about already: many requests ask the same few.
private final class KnownRoutes {
    private var known: [ResourceKey: (effective: [EffectiveRoute], lost: [LostRoute])] = [:]

    func of(_ virtualService: Resource, in snapshot: ClusterSnapshot) -> (
        effective: [EffectiveRoute], lost: [LostRoute]
    ) {
        if let routes = known[virtualService.key] { return routes }
        let routes = (snapshot.effectiveRoutes(of: virtualService), snapshot.lostRoutes(of: virtualService))
        known[virtualService.key] = routes
        return routes
    }
}

extension EffectiveRoute {
    /// The fields that the proxy does not act on, each once.
    fileprivate var unserved: [String] {
        let nodes = [(source, sourceIndex), (virtualService, rootIndex)].compactMap { resource, index in
            let routes = resource.body["spec"]?["http"]?.items ?? []
            return routes.indices.contains(index) ? routes[index] : nil
        }
        return ServedFields.keptRouteFields.filter { field in nodes.contains { $0[field] != nil } }
    }
}

extension VirtualHostHandle {
    /// The VirtualServices that the host's routes come from.
    var virtualServices: [ResourceKey] {
        record.pointee.virtualServices.compactMap { text in
            let parts = text.text.split(separator: "/")
            guard parts.count == 2 else { return nil }
            return ResourceKey(.virtualService, namespace: String(parts[0]), name: String(parts[1]))
        }
    }
}

extension VirtualHostHandle {
    /// The position of the VirtualService whose routes are asked for requests at a port; `nil` where the Service decides.
    fileprivate func decider(at port: Int32) -> Int? {
        let entry = record.pointee.entries.first { $0.port == 0 || $0.port == port }
        return entry.flatMap { $0.route.pointee.owner < 0 ? nil : Int($0.route.pointee.owner) }
    }
}

extension RouteHandle {
    /// The position of its VirtualService among the host's; -1 without one.
    var owner: Int { Int(record.pointee.owner) }
}
