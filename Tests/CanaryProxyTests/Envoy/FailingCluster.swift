// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Objects that lead requests for `app.test` to origins that fail as they are asked to: ``ObedientOrigin``.
enum FailingCluster {
    /// A ServiceEntry of one origin, which routes can have as `host`.
    static func host(_ name: String, _ ports: [Int64], localities: [String] = []) -> Resource {
        let endpoints = ports.enumerated().map { index, port -> Value in
            [
                "address": "127.0.0.1", "ports": ["http": .integer(port)],
                "locality": .text(localities.isEmpty ? "" : localities[index]),
            ]
        }
        let spec: Value = [
            "hosts": [.text(name)], "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
            "resolution": "STATIC", "endpoints": .list(endpoints),
        ]
        return TestProxy.resource(.serviceEntry, name, ["spec": spec])
    }

    static func rule(_ host: String, _ policy: Value) -> Resource {
        let spec: Value = ["host": .text(host), "trafficPolicy": policy]
        return TestProxy.resource(.destinationRule, host, ["spec": spec])
    }

    static func routes(_ host: String, _ policies: [Value]) -> Resource {
        routes(policies.map { (host, $0) })
    }

    /// A route list by the first part of the path: `/0/…` goes by the first of them.
    static func routes(_ list: [(host: String, policy: Value)]) -> Resource {
        let http = list.enumerated().map { index, item -> Value in
            let (host, policy) = item
            let match: Value = [["uri": ["prefix": .text("/\(index)/")]]]
            let route: Value = [["destination": ["host": .text(host)]]]
            guard case .object(let fields) = policy else { return policy }
            return .object([("match", match), ("route", route)] + fields)
        }
        let last: Value = ["directResponse": ["status": 204]]
        let spec: Value = ["hosts": ["app.test"], "http": .list(http + [last])]
        return TestProxy.resource(.virtualService, "app", ["spec": spec])
    }

    static func request(
        _ path: String,
        key: String,
        does: String,
        method: String = "GET",
        _ others: [(String, String)] = []
    ) -> GeneratedRequest {
        GeneratedRequest(
            place: GeneratedCluster.Place(listener: "mesh", authority: "app.test"),
            method: method,
            target: path,
            fields: [("x-key", key), ("x-do", does)] + others
        )
    }
}
