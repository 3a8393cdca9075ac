// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// A year of changes: whatever comes and goes, what the proxy keeps is what it needs now.
@Suite(.timeLimit(.minutes(15))) struct ChangesTests {
    private func gateway(_ port: UInt16, _ name: String = "edge") -> Resource {
        let server: Value = [
            "port": ["number": .integer(Int64(port)), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
        ]
        return TestProxy.resource(.gateway, name, ["spec": ["servers": [server]]])
    }

    private var edge: Resource {
        TestProxy.resource(
            .virtualService,
            "edge",
            [
                "spec": [
                    "hosts": ["edge.example"], "gateways": ["edge", "other"],
                    "http": [["route": [["destination": ["host": "app"]]]]],
                ]
            ]
        )
    }

    private func named(_ host: String, _ port: UInt16) -> Resource {
        let spec: Value = [
            "hosts": [.text(host)], "resolution": "DNS",
            "ports": [
                ["number": 80, "name": "http", "protocol": "HTTP", "targetPort": .integer(Int64(port))]
            ],
        ]
        return TestProxy.resource(.serviceEntry, "named", ["spec": spec])
    }

    private func ask(_ proxy: TestProxy, _ host: String) throws -> Int {
        try proxy.ask("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").status
    }

    /// Each change brings a new endpoint, a new name, and a Gateway on another port.
    @Test func `endpoints, names, clusters, connections and listeners are given back`() throws {
        let origins = try (0..<2).map { try TestOrigin(named: "origin \($0)") }
        // They are closed now and then, and no other test is to get them meanwhile.
        let ports = try [14_000..<14_500, 14_500..<15_000].map { try TestOrigin.unusedPort(in: $0) }
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            ["spec": ["host": "app", "trafficPolicy": ["loadBalancer": ["simple": "ROUND_ROBIN"]]]]
        )
        let proxy = try TestProxy([("v1", origins[0].port)], lookUp: { _ in ["127.0.0.1"] })
        let changes = 1000
        for change in 1...changes {
            let origin = origins[change % 2]
            // An address that no change before had: all of 127.0.0.0/8 is this machine.
            let address = "127.\(change >> 16 & 255).\(change >> 8 & 255).\(change & 255)"
            let spec: Value = [
                "address": .text(address), "ports": ["http": 1], "labels": ["app": "other"],
            ]
            let service: Value = ["spec": ["selector": ["app": "other"], "ports": [["port": 80]]]]
            let all = [
                TestProxy.resource(.workloadEntry, "other", ["spec": spec]),
                TestProxy.resource(.service, "other-\(change)", service),
                named("name-\(change).test", origin.port), gateway(ports[change % 2]), edge, rule,
            ]
            proxy.proxy.install(
                TestProxy.table([("v1", origin.port)], nil, all, proxy.identifiers, revision: Int64(change))
            )
            // Else a port that is to be opened again may not have been closed yet, and is tried again a second later.
            try #require(proxy.proxy.waitUntilServed(milliseconds: 60_000))
            try #require(proxy.proxy.problems == [])
            guard change % 100 == 0 else { continue }
            #expect(try ask(proxy, "app") == 200)
            #expect(try ask(proxy, "name-\(change).test") == 200)
            #expect(try ask(proxy, "other-\(change)") == 503)
        }
        let counters = proxy.proxy.shared.counters[0]
        proxy.proxy.install(TestProxy.table([("v1", origins[0].port)], nil, [rule], proxy.identifiers))
        _ = proxy.proxy.waitUntilServed(milliseconds: 60_000)
        while proxy.identifiers.names.count > 0 || proxy.proxy.shared.resolver.count > 0 { usleep(1000) }
        while proxy.identifiers.endpointCount > 1 || proxy.identifiers.clusterCount > 1 { usleep(1000) }
        while counters.knownEndpoints.load(ordering: .relaxed) > 1 { usleep(1000) }
        while counters.upstreamConnections.load(ordering: .relaxed) > 1 { usleep(1000) }
        #expect(counters.knownClusters.load(ordering: .relaxed) <= 1)
        #expect(proxy.proxy.shared.publication().listeners.count == 1)
        #expect(try ask(proxy, "app") == 200)
    }

    @Test func `a listener's number is never another's, nor a connection's address`() throws {
        let origin = try TestOrigin(named: "edge")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.workers = 2 }
        let ports = try (0..<8).map { _ in try TestOrigin.unusedPort() }
        for round in 0..<300 {
            let gateways = ports.map { gateway($0, "edge") }
            let open = round.isMultiple(of: 2) ? Array(gateways[..<4]) : Array(gateways[4...])
            let servers = open.flatMap { $0.body["spec"]?["servers"]?.items ?? [] }
            let all = Resource(
                key: ResourceKey(.gateway, namespace: "default", name: "edge"),
                body: .mapping(["spec": .mapping(["servers": .sequence(servers)])])
            )
            proxy.proxy.install(
                TestProxy.table(
                    [("v1", origin.port)],
                    nil,
                    [all, edge],
                    proxy.identifiers,
                    revision: Int64(round)
                )
            )
            #expect(proxy.proxy.waitUntilServed(milliseconds: 60_000))
        }
        let last = try #require(proxy.proxy.shared.publication().listeners.last)
        #expect(last.number > 1000)
        let connection = try TestConnection(to: last.address.text)
        try connection.send("GET / HTTP/1.1\r\nHost: edge.example\r\n\r\n")
        #expect(try connection.readMessage().body == "edge")
    }

    @Test func `a listener stays when another Gateway asks for its port`() throws {
        let origin = try TestOrigin(named: "edge")
        let port = try TestOrigin.unusedPort()
        let proxy = try TestProxy([("v1", origin.port)])
        func install(_ name: String, _ revision: Int64) {
            let all = [gateway(port, name), edge]
            proxy.proxy.install(
                TestProxy.table([("v1", origin.port)], nil, all, proxy.identifiers, revision: revision)
            )
        }
        install("edge", 1)
        let connection = try TestConnection(to: "127.0.0.1:\(port)")
        for revision in 2...5 as ClosedRange<Int64> {
            install(revision.isMultiple(of: 2) ? "other" : "edge", revision)
            try connection.send("GET / HTTP/1.1\r\nHost: edge.example\r\n\r\n")
            #expect(try connection.readMessage().body == "edge")
            #expect(proxy.proxy.problems == [])
        }
    }

    @Test func `a listener whose port was taken opens as soon as it is free`() throws {
        let origin = try TestOrigin(named: "edge")
        var squatter: TestOrigin? = try TestOrigin(named: "squatter")
        let port = try #require(squatter?.port)
        let proxy = try TestProxy([("v1", origin.port)])
        proxy.proxy.install(
            TestProxy.table(
                [("v1", origin.port)],
                nil,
                [gateway(port), edge],
                proxy.identifiers,
                revision: 2
            )
        )
        #expect(proxy.proxy.problems.count == 1)
        proxy.proxy.retry()
        #expect(proxy.proxy.problems.count == 1)
        squatter = nil
        while !proxy.proxy.problems.isEmpty { proxy.proxy.retry() }
        let connection = try TestConnection(to: "127.0.0.1:\(port)")
        try connection.send("GET / HTTP/1.1\r\nHost: edge.example\r\n\r\n")
        #expect(try connection.readMessage().body == "edge")
    }
}
