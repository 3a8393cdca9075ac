// SPDX-License-Identifier: Apache-2.0

@testable import CanaryInsight
@testable import CanaryMesh
import CanaryResources
@testable import CanaryRouting

/// What the routing table makes of a request.
struct TableVerdict {
    var status = 404
    /// Whether the client finds it in gRPC.
    private let isGRPC: Bool
    /// Where it may go: origins of destinations with a weight, an empty text for a destination without any.
    var origins: Set<String> = []
    /// What is sent on, `PATH AUTHORITY`, for each origin.
    var sent: Set<String> = []
    var location = ""
    /// Whether the route may answer itself before it forwards: faults and preflights are for the other two to compare.
    var mayIntervene = false
    /// Whether the same request may have another outcome the next time.
    var mayVary = false

    init(
        _ request: GeneratedRequest,
        _ table: RoutingTable,
        _ identifiers: RoutingIdentifiers,
        listener: Int32,
        origins known: EchoOrigins
    ) {
        isGRPC = request.isGRPC
        let arena = RoutingArena()
        withExtendedLifetime((arena, table)) {
            var facts = Self.explained(request).facts(in: arena)
            guard let host = table.virtualHost(listener: listener, authority: facts.authority) else { return }
            facts.port = host.servicePort(
                authorityPort: Authority.split(facts.authority).port,
                listenerPort: table.listeners[Int(listener)].requestPort
            )
            guard let route = host.route(for: facts) else { return }
            var buffer = ByteBuffer()
            switch route.action {
            case .directResponse: status = Int(route.directStatus)
            case .redirect:
                status = Int(route.redirectStatus)
                route.appendRedirectLocation(facts, listenerIsTLS: false, to: &buffer)
                location = buffer.slice.text
            case .forward:
                status = 200
                mayIntervene = route.intervenes
                addDestinations(of: route, facts, identifiers, known)
            }
        }
    }

    private mutating func addDestinations(
        of route: RouteHandle,
        _ facts: RequestFacts,
        _ identifiers: RoutingIdentifiers,
        _ known: EchoOrigins
    ) {
        let destinations = route.record.pointee.destinations
        mayVary =
            destinations.count > 1
            || destinations.contains { $0.clusters.contains { $0.endpoints.count > 1 } }
        for index in destinations.indices {
            let destination = DestinationHandle(destinations.pointer(index), port: facts.port)
            if destination.endpoints.isEmpty { origins.insert("") }
            var buffer = ByteBuffer()
            route.appendPath(facts, to: &buffer)
            let path = buffer.slice.text
            buffer.truncate()
            route.appendAuthority(facts, destination, to: &buffer)
            for endpoint in destination.endpoints {
                let name = identifiers.endpoint(endpoint.id).flatMap { known.name(at: $0.description) }
                origins.insert(name ?? "nobody")
                sent.insert("\(path) \(buffer.slice.text)")
            }
        }
    }

    private static func explained(_ request: GeneratedRequest) -> ExplainedRequest {
        let parts = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return ExplainedRequest(
            method: request.method,
            scheme: "http",
            authority: request.place.authority,
            path: String(parts[0]),
            query: parts.count == 2 ? String(parts[1]) : nil,
            headers: request.fields.map { ExplainedRequest.Header(name: $0, value: $1) }
        )
    }

    private func fits(_ outcome: Outcome, _ status: Int) -> Bool {
        guard isGRPC else { return outcome.status == status }
        let number = GRPCStatus.number(ofHTTP: Int32(status))
        return outcome.status == 200 && outcome.headers.contains("grpc-status: \(number)")
    }

    /// What is wrong with an outcome, in words; `nil` where it fits.
    func objection(to outcome: Outcome) -> String? {
        if mayIntervene, outcome.origin.isEmpty { return nil }
        guard status == 200, !origins.isEmpty else {
            if !fits(outcome, status) { return "status \(outcome.status), not \(status)" }
            let found =
                outcome.headers.first { $0.hasPrefix("location: ") }?.dropFirst("location: ".count) ?? ""
            return location == found ? nil : "location \(found), not \(location)"
        }
        guard origins.contains(outcome.origin) else {
            return "origin \"\(outcome.origin)\", none of \(origins.sorted())"
        }
        guard !outcome.origin.isEmpty else { return fits(outcome, 503) ? nil : "status \(outcome.status)" }
        let path = outcome.request.split(separator: " ").dropFirst().first ?? ""
        let host = outcome.requestHeaders.first { $0.hasPrefix("host: ") }?.dropFirst("host: ".count) ?? ""
        return sent.contains("\(path) \(host)") ? nil : "sent \(path) \(host), not \(sent.sorted())"
    }
}
