// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources
package import CanaryRouting

/// A routing table over some objects, and what it answers.
package struct Router {
    package struct Answer: Equatable {
        /// `404`, `forward`, `redirect` or `directResponse`.
        package var action = "404"
        package var route = -1
        /// `host|subset`
        package var destination = ""
        package var endpoints: [String] = []
        package var isDefined = false
        package var path = ""
        package var authority = ""
        package var location = ""
        package var requestEdits: [String] = []
        package var responseEdits: [String] = []
    }

    package var builder: RoutingTableBuilder
    package let identifiers = RoutingIdentifiers()

    package init(_ objects: [Resource], namespace: String = "default", labels: [String: String] = [:]) {
        builder = RoutingTableBuilder(
            snapshot: ClusterSnapshot(revision: 1, objects),
            namespace: namespace,
            sourceLabels: labels,
            identifiers: identifiers
        )
    }

    package func ask(
        _ authority: String,
        _ target: String = "/",
        method: String = "GET",
        headers: KeyValuePairs<String, String> = [:],
        source: String = "10.1.2.3",
        listener: Int32 = 0,
        random: UInt64 = 0
    ) -> Answer {
        let arena = RoutingArena()
        let table = builder.table()
        var facts = Self.facts(target, method, headers, source, arena)
        facts.authority = arena.store(authority)
        guard let host = table.virtualHost(listener: listener, authority: facts.authority) else {
            return Answer()
        }
        facts.port = host.servicePort(
            authorityPort: Authority.split(facts.authority).port,
            listenerPort: table.listeners[Int(listener)].requestPort
        )
        guard let route = host.route(for: facts) else { return Answer() }
        return withExtendedLifetime((table, arena)) { answer(route, facts, random) }
    }

    package static func facts(
        _ target: String,
        _ method: String,
        _ headers: KeyValuePairs<String, String>,
        _ source: String,
        _ arena: RoutingArena
    ) -> RequestFacts {
        var facts = RequestFacts()
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        facts.method = arena.store(method)
        facts.scheme = arena.store("http")
        facts.path = arena.store(String(parts[0]))
        if parts.count == 2 { facts.query = arena.store(String(parts[1])) }
        facts.headers = arena.store(
            headers.map { RequestHeader(name: arena.store($0.key), value: arena.store($0.value)) }
        )
        facts.sourceAddress = arena.store(source)
        facts.sourcePort = 4711
        return facts
    }

    private func answer(_ route: RouteHandle, _ facts: RequestFacts, _ random: UInt64) -> Answer {
        var answer = Answer()
        answer.action = "\(route.action)"
        answer.route = route.index
        var buffer = ByteBuffer()
        route.appendPath(facts, to: &buffer)
        answer.path = buffer.slice.text
        let destination = route.destination(for: facts, random: random)
        if let destination {
            buffer.truncate()
            route.appendAuthority(facts, destination, to: &buffer)
            answer.authority = buffer.slice.text
            let counter = identifiers.counter(destination.counter)
            answer.destination = "\(counter?.destinationHost ?? "")|\(counter?.subset ?? "")"
            answer.isDefined = destination.isDefined
            answer.endpoints = destination.endpoints.compactMap {
                identifiers.endpoint($0.id)?.description
            }.sorted()
        }
        if route.action == .redirect {
            buffer.truncate()
            route.appendRedirectLocation(facts, listenerIsTLS: false, to: &buffer)
            answer.location = "\(route.redirectStatus) \(buffer.slice.text)"
        }
        if route.action == .directResponse {
            answer.location = "\(route.directStatus) \(route.directBody.text)"
        }
        answer.requestEdits = texts(route.requestHeaderEdits(destination), facts)
        var sent = ByteBuffer()
        let sentFacts = route.factsAsSent(facts, destination, in: &sent)
        answer.responseEdits = withExtendedLifetime(sent) {
            texts(route.responseHeaderEdits(destination), sentFacts)
        }
        return answer
    }

    private func texts(_ edits: BorrowedList<HeaderEdit>, _ facts: RequestFacts) -> [String] {
        edits.map { edit in
            var buffer = ByteBuffer()
            let hasValue = edit.appendValue(facts, to: &buffer)
            return hasValue
                ? "\(edit.operation) \(edit.name.text): \(buffer.slice.text)"
                : "\(edit.operation) \(edit.name.text)"
        }
    }
}

extension Resource {
    /// The same object as the store would have it, made by the given revision.
    package func created(_ revision: Int64, routes: [Int64] = []) -> Resource {
        var copy = self
        copy.stored = StoredMeta(
            uid: "uid",
            revision: revision,
            createdRevision: revision,
            generation: 1,
            createdAt: 0,
            routeEpochs: routes.map { RouteEpoch(revision: $0, commit: "c\($0)") }
        )
        return copy
    }
}

/// The objects of the README's example.
package enum Helloworld {
    package static let host = "helloworld.default.svc.cluster.local"

    package static func service(_ name: String = "helloworld", namespace: String = "default") -> Resource {
        object(
            .service,
            name,
            namespace: namespace,
            ["spec": ["selector": ["app": .string(name)], "ports": [["port": 5000, "name": "http"]]]]
        )
    }

    package static func entry(_ version: String, _ address: String = "127.0.0.1", port: Int64) -> Resource {
        object(
            .workloadEntry,
            "helloworld-\(port)",
            [
                "spec": [
                    "address": .string(address), "ports": ["http": .integer(port)],
                    "labels": ["app": "helloworld", "version": .string(version)],
                ]
            ]
        )
    }

    package static func deployment(_ version: String, replicas: Int64 = 1) -> Resource {
        object(
            .deployment,
            "helloworld-\(version)",
            [
                "spec": [
                    "replicas": .integer(replicas),
                    "selector": ["matchLabels": ["app": "helloworld", "version": .string(version)]],
                    "template": ["metadata": ["labels": ["app": "helloworld", "version": .string(version)]]],
                ]
            ]
        )
    }

    package static func routes(_ http: Node, hosts: Node = ["helloworld"], gateways: Node = []) -> Resource {
        object(
            .virtualService,
            "helloworld",
            ["spec": ["hosts": hosts, "gateways": gateways, "http": http]]
        )
    }

    package static func split(_ weights: KeyValuePairs<String, Int64>) -> Node {
        .sequence(
            weights.map {
                [
                    "destination": ["host": "helloworld", "subset": .string($0.key)],
                    "weight": .integer($0.value),
                ]
            }
        )
    }

    package static let backends = [service(), entry("v1", port: 9081), entry("v2", port: 9082)]
}
