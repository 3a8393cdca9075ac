// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// The compiled form of a CORS policy.
package struct CorsRecord: BitwiseCopyable {
    /// Those of which one has to accept the origin.
    var origins: BorrowedList<MatchCondition>
    /// Whether one of them accepts `*`, which to Envoy means all.
    var allowsAnyOrigin: Bool
    /// Lists joined with commas, and seconds; missing where the header is left out.
    var allowMethods: ByteSlice
    var allowHeaders: ByteSlice
    var exposeHeaders: ByteSlice
    var maxAge: ByteSlice
    var allowsCredentials: Bool
    var forwardsUnmatchedPreflights: Bool
}

/// What a route's CORS policy makes of a request; valid while its ``RoutingTable`` and the request's head are kept. The rules
/// are those of Envoy's CORS filter (`cors_filter.cc`), which comes before faults, redirects and forwarding.
package struct CrossOriginAnswer: BitwiseCopyable {
    package enum Action: UInt8, BitwiseCopyable {
        /// Nothing: no policy, no origin, or one that is not allowed.
        case none
        /// The answer, whoever gives it, gets ``CrossOriginAnswer/forEachHeader(_:)``; those of the same names are replaced.
        case decorate
        /// Answered with 200, without body, and with ``CrossOriginAnswer/forEachHeader(_:)``. The route's own changes of
        /// answers do not apply.
        case answerPreflight
        /// A preflight of an origin that is not allowed: the same answer, but that nothing in it names the origin, without
        /// which the rest means nothing to browsers.
        case ignorePreflight
    }

    package let action: Action
    private let policy: Borrowed<CorsRecord>?
    /// As the request has it, and what it asks for.
    private let origin: ByteSlice
    private var askedMethod = ByteSlice()
    private var askedHeaders = ByteSlice()

    package static var none: CrossOriginAnswer {
        CrossOriginAnswer(action: .none, policy: nil, origin: ByteSlice())
    }

    private init(action: Action, policy: Borrowed<CorsRecord>?, origin: ByteSlice) {
        self.action = action
        self.policy = policy
        self.origin = origin
    }

    init(_ policy: Borrowed<CorsRecord>, _ facts: RequestFacts) {
        guard let origin = facts.header(ByteSlice("origin"))?.value, !origin.isEmpty else {
            self = .none
            return
        }
        let asked = facts.header(ByteSlice("access-control-request-method"))?.value ?? ByteSlice()
        let isPreflight = facts.method.equals(ByteSlice("OPTIONS")) && !asked.isEmpty
        let isAllowed = policy.pointee.allows(origin)
        let action: Action =
            switch (isPreflight, isAllowed) {
            case (true, true): .answerPreflight
            case (false, true): .decorate
            case (true, false): policy.pointee.forwardsUnmatchedPreflights ? .none : .ignorePreflight
            case (false, false): .none
            }
        self.init(action: action, policy: policy, origin: origin)
        guard isPreflight else { return }
        askedMethod = asked
        askedHeaders = facts.header(ByteSlice("access-control-request-headers"))?.value ?? ByteSlice()
    }

    /// The headers of the answer, in Envoy's order; names are in lower case.
    package func forEachHeader(_ body: (_ name: StaticString, _ value: ByteSlice) -> Void) {
        guard let policy, action != .none else { return }
        let isAllowed = action != .ignorePreflight
        if isAllowed { body("access-control-allow-origin", origin) }
        if policy.pointee.allowsCredentials { body("access-control-allow-credentials", ByteSlice("true")) }
        if action != .decorate {
            add("access-control-allow-methods", policy.pointee.allowMethods, asked: askedMethod, body)
            add("access-control-allow-headers", policy.pointee.allowHeaders, asked: askedHeaders, body)
            add("access-control-max-age", policy.pointee.maxAge, asked: nil, body)
        }
        if isAllowed {
            add("access-control-expose-headers", policy.pointee.exposeHeaders, asked: nil, body)
        }
    }

    /// A list that allows everything allows what was asked for.
    private func add(
        _ name: StaticString,
        _ list: ByteSlice,
        asked: ByteSlice?,
        _ body: (_ name: StaticString, _ value: ByteSlice) -> Void
    ) {
        guard !list.isEmpty else { return }
        body(name, list.equals(ByteSlice("*")) ? asked ?? list : list)
    }
}

extension CorsRecord {
    fileprivate func allows(_ origin: ByteSlice) -> Bool {
        if allowsAnyOrigin { return true }
        for condition in origins where condition.accepts(origin) { return true }
        return false
    }

    init(_ policy: CorsPolicy, in arena: RoutingArena) {
        let conditions = policy.allowOrigins.map { MatchCompiler(arena: arena).condition(.header, $0) }
        func list(_ names: [String]) -> ByteSlice {
            names.isEmpty ? ByteSlice() : arena.store(names.joined(separator: ","))
        }
        self.init(
            origins: arena.store(conditions),
            allowsAnyOrigin: conditions.contains { $0.accepts(ByteSlice("*")) },
            allowMethods: list(policy.allowMethods),
            allowHeaders: list(policy.allowHeaders),
            exposeHeaders: list(policy.exposeHeaders),
            maxAge: policy.maxAge.map { arena.store("\($0.milliseconds / 1000)") } ?? ByteSlice(),
            allowsCredentials: policy.allowCredentials ?? false,
            forwardsUnmatchedPreflights: policy.unmatchedPreflights == .forward
        )
    }
}

extension RouteHandle {
    /// What the route's CORS policy makes of a request.
    package func crossOrigin(for facts: RequestFacts) -> CrossOriginAnswer {
        record.pointee.interventions?.pointee.cors.map { CrossOriginAnswer($0, facts) } ?? .none
    }
}
