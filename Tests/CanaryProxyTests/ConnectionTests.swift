// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Testing

@testable import CanaryProxy

/// Plain TCP: where connections go, how they end, and what is told of them. That their bytes arrive is ``FlowMatrixTests``'.
@Suite(.timeLimit(.minutes(15))) struct ConnectionTests {
    /// Says its name, and then whatever it hears.
    private static func origin(named name: String) throws -> TestOrigin {
        try TestOrigin { connection, _ in
            try connection.send(name)
            while true { try connection.send(try connection.read(1)) }
        }
    }

    private static func count(_ proxy: TestProxy, _ key: (EvidenceReport.Item) -> Bool) -> UInt64 {
        proxy.proxy.evidence().items.filter(key).reduce(0) { $0 + $1.evidence.assigned }
    }

    // MARK: - Where they go

    @Test func `the Service's own port leads to its endpoints`() throws {
        let origin = try Self.origin(named: "v1")
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try TestProxy([], resources: opened.resources)
        let client = try TestConnection(to: opened.address)
        // The destination speaks first, and the client's bytes need not be a request.
        #expect(try client.read(2) == Array("v1".utf8))
        try client.send("\u{0}GET")
        #expect(try client.read(4) == Array("\u{0}GET".utf8))
        #expect(proxy.proxy.problems.isEmpty)
    }

    @Test func `weights are drawn for each connection, and counted exactly`() throws {
        let heavy = try Self.origin(named: "h")
        let light = try Self.origin(named: "l")
        let opened = try TestProxy.openPort(
            to: [("heavy", heavy.port), ("light", light.port)],
            tcp: TestProxy.connections([("heavy", 80), ("light", 20), ("never", 0)])
        )
        let proxy = try TestProxy([], resources: opened.resources)
        var heavyCount: UInt64 = 0
        for _ in 0..<500 {
            if try TestConnection(to: opened.address).read(1) == Array("h".utf8) { heavyCount += 1 }
        }
        // Six standard deviations of 500 draws with p = 0.8.
        #expect(347...453 ~= heavyCount)
        #expect(Self.count(proxy) { $0.key.destination.contains("|heavy|") } == heavyCount)
        #expect(Self.count(proxy) { $0.key.destination.contains("|light|") } == 500 - heavyCount)
        #expect(proxy.proxy.evidence().items.count == 2)
    }

    @Test func `routes match by port and by what the client connected to`() throws {
        let first = try Self.origin(named: "1")
        let second = try Self.origin(named: "2")
        let versions = [("v1", first.port), ("v2", second.port)]
        func answer(_ match: Value) throws -> String {
            let destination: (String) -> Value = { [["destination": ["host": "db", "subset": .text($0)]]] }
            let routes: Value = [
                ["match": [match], "route": destination("v2")], ["route": destination("v1")],
            ]
            let opened = try TestProxy.openPort(to: versions, tcp: routes)
            let proxy = try TestProxy([], resources: opened.resources)
            defer { proxy.stop() }
            return String(decoding: try TestConnection(to: opened.address).read(1), as: UTF8.self)
        }
        #expect(try answer(["port": 5432]) == "2")
        #expect(try answer(["port": 80]) == "1")
        #expect(try answer(["destinationSubnets": ["127.0.0.0/8"]]) == "2")
        #expect(try answer(["destinationSubnets": ["10.0.0.0/8", "::1"]]) == "1")
        #expect(try answer(["gateways": ["mesh"]]) == "2")
        #expect(try answer(["gateways": ["edge"]]) == "1")
        #expect(try answer(["sourceNamespace": "default"]) == "2")
        #expect(try answer(["sourceNamespace": "other"]) == "1")
        #expect(try answer(["sourceLabels": ["app": "other"]]) == "1")
    }

    private static func gateway(_ port: UInt16, _ protocol: String = "TCP") -> Resource {
        let server: Value = [
            "port": ["number": .integer(Int64(port)), "name": "db", "protocol": .text(`protocol`)],
            "hosts": ["*"],
        ]
        return TestProxy.resource(.gateway, "edge", ["spec": ["servers": [server]]])
    }

    @Test(arguments: ["TCP", "MONGO"]) func `a Gateway's server for TCP leads to its VirtualServices' routes`(
        kind: String
    ) throws {
        let origin = try Self.origin(named: "v1")
        var opened = try TestProxy.openPort(of: origin)
        let port = try TestOrigin.unusedPort()
        let route: Value = [["destination": ["host": "db", "port": ["number": 5432]]]]
        let routes: Value = [
            ["match": [["port": 1]], "route": [["destination": ["host": "nowhere"]]]],
            ["match": [["port": .integer(Int64(port)), "gateways": ["edge"]]], "route": route],
        ]
        opened.resources += [
            Self.gateway(port, kind),
            TestProxy.resource(
                .virtualService,
                "outside",
                ["spec": ["hosts": ["*"], "gateways": ["edge"], "tcp": routes]]
            ),
        ]
        let proxy = try TestProxy([], resources: opened.resources)
        #expect(try TestConnection(to: "127.0.0.1:\(port)").read(2) == Array("v1".utf8))
        #expect(Self.count(proxy) { $0.key.host == "*" } == 1)
    }

    // MARK: - Those that get nowhere

    /// How the proxy ends a connection that gets nowhere, and what the log says.
    private static func refusal(
        _ opened: OpenedPort,
        at port: UInt16? = nil
    ) throws -> (reason: Int32?, outcomes: [String]) {
        let log = try LoggedRequests()
        let proxy = try TestProxy([], resources: opened.resources, configure: log.configure)
        let client = try TestConnection(to: "127.0.0.1:\(port ?? opened.port)")
        let end = #expect(throws: TestConnection.Ended.self) { _ = try client.read(1) }
        proxy.stop()
        return (end?.reason, log.outcomes())
    }

    @Test func `who gets nowhere is reset, with the reason in the log`() throws {
        let origin = try Self.origin(named: "v1")
        let none = try Self.refusal(try TestProxy.openPort(to: []))
        #expect(none == (ECONNRESET, ["0 UH"]))
        let closed = try Self.refusal(try TestProxy.openPort(to: [("v1", TestOrigin.unusedPort())]))
        #expect(closed == (ECONNRESET, ["0 UF"]))
        let unknown: Value = [["route": [["destination": ["host": "nowhere"]]]]]
        let undefined = try Self.refusal(try TestProxy.openPort(of: origin, tcp: unknown))
        #expect(undefined == (ECONNRESET, ["0 NC"]))
        let port = try TestOrigin.unusedPort()
        var opened = try TestProxy.openPort(of: origin)
        opened.resources.append(Self.gateway(port))
        let unrouted = try Self.refusal(opened, at: port)
        #expect(unrouted == (ECONNRESET, ["0 NR"]))
    }

    // MARK: - Changes

    @Test func `a new table is for new connections, and those under way go on`() throws {
        let first = try Self.origin(named: "1")
        let second = try Self.origin(named: "2")
        let opened = try TestProxy.openPort(to: [("v1", first.port)])
        let proxy = try TestProxy([], resources: opened.resources)
        let early = try TestConnection(to: opened.address)
        #expect(try early.read(1) == Array("1".utf8))
        var resources = opened.resources.filter { $0.key.kind != .workloadEntry }
        resources += try TestProxy.openPort(to: [("v2", second.port)]).resources.filter {
            $0.key.kind == .workloadEntry
        }
        proxy.proxy.install(TestProxy.table([], nil, resources, proxy.identifiers, revision: 2))
        #expect(proxy.proxy.waitUntilServed(milliseconds: 60_000))
        #expect(try TestConnection(to: opened.address).read(1) == Array("2".utf8))
        try early.send("x")
        #expect(try early.read(1) == Array("x".utf8))
    }

    @Test func `a port that becomes HTTP's is read as HTTP from then on`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(TestOrigin.response("whatever"))
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try TestProxy([], resources: opened.resources)
        let request = "GET / HTTP/1.1\r\nHost: any\r\n\r\n"
        let before = try TestConnection(to: opened.address)
        try before.send(request)
        #expect(try before.readMessage().field("server") == nil)
        let ports: Value = [["name": "http", "port": 5432, "nodePort": .integer(Int64(opened.port))]]
        let service = TestProxy.resource(
            .service,
            "db",
            ["spec": ["type": "NodePort", "selector": ["app": "db"], "ports": ports]]
        )
        let others = opened.resources.filter { $0.key.kind != .service }
        proxy.proxy.install(TestProxy.table([], nil, others + [service], proxy.identifiers, revision: 2))
        #expect(proxy.proxy.waitUntilServed(milliseconds: 60_000))
        let after = try TestConnection(to: opened.address)
        try after.send("no request\r\n\r\n")
        #expect(try after.readMessage().status == 400)
    }

    // MARK: - Many

    @Test func `many connections at once keep apart`() throws {
        let origin = try TestOrigin { connection, _ in
            while true { try connection.send(try connection.read(8)) }
        }
        let opened = try TestProxy.openPort(of: origin)
        let proxy = try TestProxy([], resources: opened.resources) { $0.workers = 2 }
        let clients = try (0..<200).map { _ in try TestConnection(to: opened.address) }
        for round in 0..<3 {
            for (number, client) in clients.enumerated() {
                try client.send(withUnsafeBytes(of: UInt64(number * 8 + round)) { Array($0) })
            }
            for (number, client) in clients.enumerated() {
                #expect(try client.read(8) == withUnsafeBytes(of: UInt64(number * 8 + round)) { Array($0) })
            }
        }
        #expect(Self.count(proxy) { _ in true } == 200)
    }

    @Test func `a connection ends when it has lived as long as it may`() throws {
        let log = try LoggedRequests()
        let origin = try Self.origin(named: "v1")
        let pool: Value = ["tcp": ["maxConnectionDuration": "50ms"]]
        let rule: Value = ["spec": ["host": "db", "trafficPolicy": ["connectionPool": pool]]]
        let opened = try TestProxy.openPort(
            to: [("v1", origin.port)],
            others: [TestProxy.resource(.destinationRule, "db", rule)]
        )
        let proxy = try TestProxy([], resources: opened.resources, configure: { log.configure(&$0) })
        let client = try TestConnection(to: opened.address)
        // It is never silent, and ends all the same.
        while (try? client.send("x")) != nil, (try? client.read(1)) != nil {}
        proxy.stop()
        #expect(log.outcomes() == ["0 DT"])
    }
}
