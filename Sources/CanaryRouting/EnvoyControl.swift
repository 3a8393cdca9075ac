// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// Headers by which a request tells Envoy how often and how long it is to be tried, and others that Envoy lets pass from inside
/// only. Under Istio no client counts as inside, unless the mesh names networks of its own: sidecars and gateways take them
/// away before they look for a route (`conn_manager_utility.cc`), and so does the proxy. Else anybody could have an endpoint tried
/// as often as they like.
package enum EnvoyControl {
    private static let start: StaticString = "x-envoy-"

    /// Whether a header is one of these, by its name in any case.
    package static func isOne(_ name: ByteSlice) -> Bool {
        // Few names are as long and begin like that.
        guard name.count >= 15, name[0] | 0x20 == UInt8(ascii: "x"), name[1] == UInt8(ascii: "-"),
            name.hasPrefixIgnoringCase(ByteSlice(start))
        else { return false }
        let rest = name.from(start.utf8CodeUnitCount)
        return names.contains { rest.equalsIgnoringCase(ByteSlice($0)) }
    }

    /// Behind what all begin with.
    private static let names: [StaticString] = [
        "retry-on", "retry-grpc-on", "max-retries", "retriable-status-codes", "retriable-header-names",
        "upstream-rq-timeout-ms", "upstream-rq-per-try-timeout-ms", "upstream-rq-timeout-alt-response",
        "upstream-alt-stat-name", "expected-rq-timeout-ms", "hedge-on-per-try-timeout", "internal",
        "force-trace", "ip-tags", "original-url", "original-path", "decorator-operation",
        "downstream-service-cluster",
        "downstream-service-node",
    ]
}
