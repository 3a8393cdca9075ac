// SPDX-License-Identifier: Apache-2.0

import CanaryResources

@testable import CanaryProxy

/// A port that a proxy opens for TCP, and the objects that ask for it.
struct OpenedPort {
    let port: UInt16
    var resources: [Resource]

    var address: String { "127.0.0.1:\(port)" }
}

extension TestProxy {
    /// A Service `db` with a `nodePort` for its port 5432, an endpoint for each version, and the fields `tcp` of a VirtualService.
    static func openPort(
        to endpoints: [(version: String, port: UInt16)],
        tcp: Value? = nil,
        others: [Resource] = []
    ) throws -> OpenedPort {
        let port = try TestOrigin.unusedPort()
        let ports: Value = [["name": "tcp-db", "port": 5432, "nodePort": .integer(Int64(port))]]
        var resources = [
            resource(
                .service,
                "db",
                ["spec": ["type": "NodePort", "selector": ["app": "db"], "ports": ports]]
            )
        ]
        for (version, endpoint) in endpoints {
            let spec: Value = [
                "address": "127.0.0.1", "ports": ["tcp-db": .integer(Int64(endpoint))],
                "labels": ["app": "db", "version": .text(version)],
            ]
            resources.append(resource(.workloadEntry, "db-\(version)-\(endpoint)", ["spec": spec]))
        }
        if let tcp {
            resources.append(resource(.virtualService, "db", ["spec": ["hosts": ["db"], "tcp": tcp]]))
        }
        return OpenedPort(port: port, resources: resources + others)
    }

    static func openPort(of origin: TestOrigin, tcp: Value? = nil) throws -> OpenedPort {
        try openPort(to: [("v1", origin.port)], tcp: tcp)
    }

    /// A `spec.tcp` with one route, by weights of versions.
    static func connections(_ weights: [(String, Int64)], _ fields: [(String, Value)] = []) -> Value {
        let destinations = weights.map { version, weight -> Value in
            ["destination": ["host": "db", "subset": .text(version)], "weight": .integer(weight)]
        }
        return .list([.object([("route", .list(destinations))] + fields)])
    }
}
