// SPDX-License-Identifier: Apache-2.0

/// Explains requests by asking the routing table that the proxy uses, as a client of the mesh.
package struct RequestExplainer {
    private let snapshot: ClusterSnapshot
    private let namespace: String
    private let table: RoutingTable

    /// The snapshot needs to hold no more than the closure of the requests' hosts (``HostClosure``). `namespace` and
    /// `sourceLabels` are the client's.
    package init(snapshot: ClusterSnapshot, namespace: String, sourceLabels: [String: String] = [:]) {
        self.snapshot = snapshot
        self.namespace = namespace
        let builder = RoutingTableBuilder(
            snapshot: snapshot,
            namespace: namespace,
            sourceLabels: sourceLabels,
            identifiers: RoutingIdentifiers()
        )
        table = builder.table()
    }

    package func explain(_ request: ExplainedRequest) -> Explanation {
        let arena = RoutingArena()
        return withExtendedLifetime((arena, table)) {
            var facts = request.facts(in: arena)
            guard let host = table.virtualHost(listener: 0, authority: facts.authority) else {
                return Explanation()
            }
            facts.port = host.servicePort(
                authorityPort: Authority.split(facts.authority).port,
                listenerPort: ListenerSpec.mesh.requestPort
            )
            return explanation(host, facts)
        }
    }

    private func explanation(_ host: VirtualHostHandle, _ facts: RequestFacts) -> Explanation {
        let report = TrafficReporter(snapshot: snapshot, namespace: namespace).report(host.host.text)
        var explanation = Explanation(host: report.host, virtualService: report.virtualService)
        let taken = host.route(for: facts)
        let before = report.routes.filter { route in taken.map { route.index < $0.index } ?? true }
        explanation.skipped = before.map { route in
            let reasons = host.mismatches(ofRoute: route.index, facts)
            return Explanation.Skipped(
                index: route.index,
                name: route.name,
                reason: reasons.isEmpty
                    ? "it is for other gateways, source namespaces or source labels"
                    : reasons.joined(separator: "; ")
            )
        }
        if let taken {
            explanation.route = report.routes.first { $0.index == taken.index }
            explanation.effects = effects(of: taken, facts)
        }
        return explanation
    }

    private func effects(of route: RouteHandle, _ facts: RequestFacts) -> Explanation.Effects {
        var effects = Explanation.Effects()
        var buffer = ByteBuffer()
        switch route.action {
        case .redirect:
            route.appendRedirectLocation(facts, listenerIsTLS: facts.scheme.text == "https", to: &buffer)
            effects.status = Int(route.redirectStatus)
            effects.location = buffer.slice.text
        case .directResponse:
            effects.status = Int(route.directStatus)
        case .forward:
            route.appendPath(facts, to: &buffer)
            let target = facts.path.text + (facts.query.isMissing ? "" : "?\(facts.query.text)")
            if buffer.slice.text != target { effects.path = buffer.slice.text }
            effects.authority = route.newAuthority
            effects.timeout = Int(route.timeoutMilliseconds)
            effects.retries = Int(route.retry.attempts)
            effects.perTryTimeout = Int(route.retry.perTryTimeoutMilliseconds)
            effects.requestHeaders = route.requestHeaderEdits(nil).compactMap { $0.text(facts) }
        }
        effects.responseHeaders = route.responseHeaderEdits(nil).compactMap { $0.text(facts) }
        return effects
    }
}

extension RouteHandle {
    /// The authority that every destination gets instead of the client's.
    fileprivate var newAuthority: String? {
        let authorities = Set(record.pointee.destinations.map(\.authority.text))
        guard authorities.count == 1, let authority = authorities.first, !authority.isEmpty else {
            return nil
        }
        return authority
    }
}

extension VirtualHostHandle {
    /// For each match block of a route, the first condition that the request does not fulfil, in words.
    fileprivate func mismatches(ofRoute index: Int, _ facts: RequestFacts) -> [String] {
        record.pointee.entries.filter { $0.route.pointee.index == index }.compactMap { $0.mismatch(facts) }
    }
}

extension HeaderEdit {
    /// `set x-version: v2`, `remove x-debug`; `nil` for a change that has no value, and so no effect.
    fileprivate func text(_ facts: RequestFacts) -> String? {
        if operation == .remove { return "remove \(name.text)" }
        var value = ByteBuffer()
        guard appendValue(facts, to: &value) else { return nil }
        return "\(operation == .set ? "set" : "add") \(name.text): \(value.slice.text)"
    }
}
