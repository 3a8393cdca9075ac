// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

// What a DestinationRule says of a cluster, in Envoy's words.

extension ConnectionLimits {
    /// `envoy.config.cluster.v3.CircuitBreakers.Thresholds`. Istio's defaults are no limits; Envoy's own would be 1024.
    var thresholds: Node {
        func number(_ limit: UInt32) -> Node { .integer(Int64(limit)) }
        return .message([
            "max_connections": number(connections), "max_pending_requests": number(pendingRequests),
            "max_requests": number(requests), "max_retries": number(retries), "retry_budget": budget,
        ])
    }

    private var budget: Node? {
        guard retryPercent >= 0 else { return nil }
        return .message([
            "budget_percent": .message(["value": Node(.number(retryPercent))]),
            "min_retry_concurrency": .integer(Int64(leastRetries)),
        ])
    }
}

extension ConnectionLimits.KeepAlive {
    /// `envoy.config.cluster.v3.UpstreamConnectionOptions`; `nil` where it is off.
    var options: Node? {
        func number(_ value: Int32) -> Node? { value > 0 ? .integer(Int64(value)) : nil }
        guard isOn else { return nil }
        let keepAlive = Node.message([
            "keepalive_probes": number(probes), "keepalive_time": number(idleSeconds),
            "keepalive_interval": number(intervalSeconds),
        ])
        return .message(["tcp_keepalive": keepAlive])
    }
}

extension ProxyProtocolVersion {
    /// A transport socket that tells endpoints first whose connection it is.
    func socket(around inner: Node?) -> Node {
        let plain = Node.message([
            "name": .string("envoy.transport_sockets.raw_buffer"),
            "typed_config": .any("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"),
        ])
        return .message([
            "name": .string("envoy.transport_sockets.upstream_proxy_protocol"),
            "typed_config": .any(
                "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
                [
                    "config": .message(["version": .string(rawValue)]),
                    "transport_socket": inner ?? plain,
                ]
            ),
        ])
    }
}

extension OutlierPolicy {
    /// `envoy.config.cluster.v3.OutlierDetection`; `nil` where nothing is ejected. What Envoy does by default and Istio does not,
    /// ejecting by success rate, is turned off.
    var node: Node? {
        func enforcing(_ count: UInt32) -> Node { .integer(count > 0 ? 100 : 0) }
        func number(_ count: UInt32) -> Node? { count > 0 ? .integer(Int64(count)) : nil }
        guard isOn else { return nil }
        return .message([
            "consecutive_5xx": number(consecutive5xx), "enforcing_consecutive_5xx": enforcing(consecutive5xx),
            "consecutive_gateway_failure": number(consecutiveGatewayErrors),
            "enforcing_consecutive_gateway_failure": enforcing(consecutiveGatewayErrors),
            "split_external_local_origin_errors": splitsLocalErrors ? .bool(true) : nil,
            "consecutive_local_origin_failure": number(consecutiveLocalFailures),
            "enforcing_consecutive_local_origin_failure": splitsLocalErrors
                ? enforcing(consecutiveLocalFailures) : nil,
            "enforcing_success_rate": .integer(0), "interval": .duration(milliseconds: intervalMilliseconds),
            "base_ejection_time": .duration(milliseconds: baseEjectionMilliseconds),
            "max_ejection_percent": .integer(Int64(maxEjectionPercent)),
        ])
    }
}

extension WarmUpPolicy {
    /// What holds a `SlowStartConfig`; `nil` where nothing warms up.
    var node: Node? {
        guard milliseconds > 0 else { return nil }
        let config = Node.message([
            "slow_start_window": .duration(milliseconds: milliseconds),
            "aggression": .message([
                "default_value": Node(.number(aggression)),
                "runtime_key": .string("canaryctl.slow_start_aggression"),
            ]),
            "min_weight_percent": .message(["value": Node(.number(leastFactor * 100))]),
        ])
        return .message(["slow_start_config": config])
    }
}
