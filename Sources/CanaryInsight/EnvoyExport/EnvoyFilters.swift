// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// Translates what Envoy's filters do for a route: faults and CORS.
enum EnvoyFilters {
    private static let fault = "envoy.filters.http.fault"
    private static let cors = "envoy.filters.http.cors"

    /// The filters of every listener, in the order of istiod's.
    static let chain: [Node] = [
        filter(cors, .any("envoy.extensions.filters.http.cors.v3.Cors")),
        filter(fault, .any("envoy.extensions.filters.http.fault.v3.HTTPFault")),
        filter(
            "envoy.filters.http.router",
            .any(
                "envoy.extensions.filters.http.router.v3.Router",
                // Headers of Envoy's own would tell backends and clients apart from canaryctl's proxy.
                ["suppress_envoy_headers": .bool(true)]
            )
        ),
    ]

    /// A route's own settings for the filters; `nil` where it has none.
    static func settings(_ route: HTTPRoute, warn: (String) -> Void) -> Node? {
        var settings = Node.message([:])
        if let policy = route.corsPolicy { settings.set(node(policy), at: cors) }
        if let fault = route.fault.flatMap({ node($0, warn) }) { settings.set(fault, at: self.fault) }
        return settings.mapping?.entries.isEmpty == true ? nil : settings
    }

    private static func filter(_ name: String, _ settings: Node) -> Node {
        .message(["name": .string(name), "typed_config": settings])
    }

    private static func node(_ fault: HTTPFault, _ warn: (String) -> Void) -> Node? {
        let delay = fault.delay.map { delay -> Node in
            .message([
                "fixed_delay": .duration(milliseconds: delay.duration.milliseconds),
                "percentage": .fraction(delay.percentage),
            ])
        }
        let abort = fault.abort.flatMap { node($0, warn) }
        guard delay != nil || abort != nil else { return nil }
        return .any(
            "envoy.extensions.filters.http.fault.v3.HTTPFault",
            ["delay": delay, "abort": abort]
        )
    }

    private static func node(_ abort: HTTPFault.Abort, _ warn: (String) -> Void) -> Node? {
        switch abort.status {
        case .http(let status):
            return .message([
                "http_status": .integer(EnvoyAnswer.status(status, warn)),
                "percentage": .fraction(abort.percentage),
            ])
        case .grpc(let name):
            guard let code = GRPCStatus.number(name) else {
                warn("Envoy does not know the gRPC status \"\(name)\": nothing is aborted")
                return nil
            }
            return .message([
                "grpc_status": .integer(Int64(code)), "percentage": .fraction(abort.percentage),
            ])
        }
    }

    private static func node(_ policy: CorsPolicy) -> Node {
        func list(_ names: [String]) -> Node? {
            names.isEmpty ? nil : .string(names.joined(separator: ","))
        }
        return .any(
            "envoy.extensions.filters.http.cors.v3.CorsPolicy",
            [
                "allow_origin_string_match": .repeated(policy.allowOrigins.compactMap(origin)),
                "allow_methods": list(policy.allowMethods),
                "allow_headers": list(policy.allowHeaders),
                "expose_headers": list(policy.exposeHeaders),
                "max_age": policy.maxAge.map { .string("\($0.milliseconds / 1000)") },
                "allow_credentials": policy.allowCredentials.map(Node.bool),
                "forward_not_matching_preflights": .bool(policy.unmatchedPreflights == .forward),
                "filter_enabled": .message(["default_value": .fraction(.whole)]),
            ]
        )
    }

    private static func origin(_ match: StringMatch) -> Node? {
        switch match {
        case .exact(let text): .stringMatcher(.exact, text)
        case .prefix(let text): .stringMatcher(.prefix, text)
        case .regex(let pattern): .stringMatcher(.regex, pattern)
        case .present: nil
        }
    }
}
