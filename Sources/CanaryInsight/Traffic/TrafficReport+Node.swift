// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
package import CanaryResources

extension TrafficReport {
    /// The `TrafficReport` of `describe -o json`.
    ///
    /// - Parameters:
    ///   - diagnostics: what is wrong with the host's objects.
    ///   - reached: whether a route takes requests of any running proxy; `nil` where that is unknown.
    package func node(diagnostics: [Diagnostic], reached: (Route) -> Bool?) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("TrafficReport"),
            "host": .string(host),
            "virtualService": virtualService.map { .string($0.name) } ?? Node(.null),
            "revision": .integer(revision),
            "routes": .sequence(
                routes.map { route in
                    var node = route.node
                    node.set(reached(route).map { .bool($0) } ?? Node(.null), at: "reached")
                    return node
                }
            ),
            "tcpRoutes": .sequence(connectionRoutes.map(\.node)),
            "diagnostics": .sequence(
                diagnostics.map { diagnostic in
                    .mapping([
                        "code": .string(diagnostic.code.canary),
                        "severity": .string(diagnostic.severity.rawValue),
                        "message": .string(diagnostic.message),
                        "resource": diagnostic.resource.map { .string($0.description) } ?? Node(.null),
                    ])
                }
            ),
        ])
    }
}

extension TrafficReport.Route {
    fileprivate var node: Node {
        .mapping([
            "index": .integer(Int64(index)),
            "name": .string(name),
            "match": .string(match),
            "action": .string(action.reportName),
            "since": .integer(since),
            "observedRequests": .integer(Int64(clamping: observedRequests)),
            "destinations": .sequence(destinations.map(\.node)),
        ])
    }
}

extension RouteAction {
    /// What a route does, in reports.
    package var reportName: String {
        switch self {
        case .forward: "route"
        case .redirect: "redirect"
        case .directResponse: "directResponse"
        }
    }
}

extension TrafficReport.Destination {
    /// The destination as reports have it.
    package var node: Node {
        .mapping([
            "host": .string(host),
            "subset": subset.map { .string($0) } ?? Node(.null),
            "port": port.map { .integer(Int64($0)) } ?? Node(.null),
            "weight": weight.map { .integer(Int64($0)) } ?? Node(.null),
            "declaredShare": Node(.number(declaredShare)),
            "servedShare": Node(.number(servedShare)),
            "observedShare": observedShare.map { Node(.number($0)) } ?? Node(.null),
            "observedRequests": .integer(Int64(clamping: observedRequests)),
            "errors": .integer(Int64(clamping: errors)),
            "errorRate": errorRate.map { Node(.number($0)) } ?? Node(.null),
            "latency": latency.map { latency in
                .mapping([
                    "p50": Node(.number(latency.p50)), "p90": Node(.number(latency.p90)),
                    "p99": Node(.number(latency.p99)),
                ])
            } ?? Node(.null),
            "endpoints": .mapping([
                "ready": .integer(Int64(readyEndpoints)),
                "total": .integer(Int64(totalEndpoints)),
            ]),
            "workloads": .sequence(workloads.map { .string($0) }),
        ])
    }
}
