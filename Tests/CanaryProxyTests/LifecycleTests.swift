// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryResources
import CanaryRouting
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Tables that change under load, listeners that come and go, draining, admin pages and logs.
struct LifecycleTests {
    @Test func `tables change under load without a failed request or a closed connection`() throws {
        let v1 = try TestOrigin(named: "v1")
        let v2 = try TestOrigin(named: "v2")
        let endpoints = [("v1", v1.port), ("v2", v2.port)]
        let proxy = try TestProxy(endpoints, http: TestProxy.split([("v1", 50), ("v2", 50)])) {
            $0.workers = 2
        }
        let failures = Counter()
        let finished = Counter()
        let address = proxy.address
        let clients = (0..<4).compactMap { _ in
            Thread(name: "client") {
                do {
                    let connection = try TestConnection(to: address)
                    for _ in 0..<500 {
                        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
                        if try connection.readMessage().status != 200 { failures.next() }
                    }
                } catch { failures.next() }
                finished.next()
            }
        }
        var revision: Int64 = 1
        while finished.value < clients.count, revision < 100_000 {
            revision += 1
            let weights = [("v1", revision % 100), ("v2", 100 - revision % 100)]
            proxy.proxy.install(
                TestProxy.table(
                    endpoints,
                    TestProxy.split(weights),
                    [],
                    proxy.identifiers,
                    revision: revision
                )
            )
        }
        for client in clients { client.join() }
        #expect(failures.value == 0)
        #expect(revision > 10)
    }

    @Test func `requests follow the weights`() throws {
        let v1 = try TestOrigin(named: "v1")
        let v2 = try TestOrigin(named: "v2")
        let proxy = try TestProxy(
            [("v1", v1.port), ("v2", v2.port)],
            http: TestProxy.split([("v1", 80), ("v2", 20)])
        )
        let connection = try proxy.connect()
        var second = 0
        for _ in 0..<1000 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            if try connection.readMessage().body == "v2" { second += 1 }
        }
        // Six standard deviations of a binomial with n = 1000, p = 0.2.
        #expect(abs(second - 200) < 76)
        proxy.stop()
        let assigned = proxy.proxy.evidence().items.reduce(0) { $0 + $1.evidence.assigned }
        #expect(assigned == 1000)
    }

    @Test func `draining finishes what is under way and accepts nothing more`() throws {
        let slow = try TestOrigin { connection, _ in
            let head = try connection.readHead()
            #expect(head.startLine == "POST / HTTP/1.1")
            _ = try connection.read(5)
            try connection.send(TestOrigin.response("finished"))
        }
        let proxy = try TestProxy([("v1", slow.port)])
        let resting = try proxy.connect()
        try resting.send("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        #expect(try resting.readMessage().status == 404)
        let busy = try proxy.connect()
        try busy.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhel")
        while slow.connections.load(ordering: .relaxed) == 0 { sched_yield() }
        proxy.proxy.drain()
        #expect(resting.isEnded())
        try busy.send("lo")
        let answer = try busy.readMessage()
        #expect(answer.body == "finished")
        #expect(answer.field("connection") == "close")
        #expect(busy.isEnded())
        proxy.proxy.wait()
        #expect(throws: (any Error).self) { try proxy.connect() }
    }

    @Test func `a taken port names its owner`() throws {
        let origin = try TestOrigin(named: "v1")
        var configuration = ProxyConfiguration()
        configuration.listen = ["127.0.0.1:\(origin.port)"]
        configuration.admin = nil
        let error = #expect(throws: ProxyError.self) {
            try Proxy(configuration: configuration, identifiers: RoutingIdentifiers())
        }
        #expect(error?.message.contains("pid \(getpid())") == true)
        configuration.listen = ["localhost"]
        #expect(throws: ProxyError.badAddress("localhost")) {
            try Proxy(configuration: configuration, identifiers: RoutingIdentifiers())
        }
    }

    @Test func `a second proxy cannot share a port, even with several workers`() throws {
        let proxy = try TestProxy([]) { $0.workers = 2 }
        var configuration = ProxyConfiguration()
        configuration.listen = [proxy.address]
        configuration.admin = nil
        configuration.workers = 2
        #expect(throws: ProxyError.self) {
            try Proxy(configuration: configuration, identifiers: RoutingIdentifiers())
        }
    }

    @Test func `gateways open listeners, and one that cannot is a warning`() throws {
        let origin = try TestOrigin(named: "gateway")
        let port = try TestOrigin.unusedPort()
        func gateway(_ name: String, _ port: UInt16) -> Resource {
            let server: Value = [
                "port": ["number": .integer(Int64(port)), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
            ]
            return TestProxy.resource(.gateway, name, ["spec": ["servers": [server]]])
        }
        let virtualService = TestProxy.resource(
            .virtualService,
            "edge",
            [
                "spec": [
                    "hosts": ["edge.example"], "gateways": ["own", "taken"],
                    "http": [["route": [["destination": ["host": "app"]]]]],
                ]
            ]
        )
        let proxy = try TestProxy([("v1", origin.port)])
        let warnings = Counter()
        var configuration = ProxyConfiguration()
        configuration.listen = ["127.0.0.1:0"]
        configuration.admin = nil
        let identifiers = RoutingIdentifiers()
        let edge = try Proxy(configuration: configuration, identifiers: identifiers) { _ in warnings.next() }
        let table = TestProxy.table(
            [("v1", origin.port)],
            nil,
            [gateway("own", port), gateway("taken", origin.port), virtualService],
            identifiers
        )
        edge.install(table)
        edge.install(table)
        try edge.start()
        #expect(warnings.value == 1)
        let connection = try TestConnection(to: "127.0.0.1:\(port)")
        try connection.send("GET / HTTP/1.1\r\nHost: edge.example\r\n\r\n")
        #expect(try connection.readMessage().body == "gateway")
        edge.install(TestProxy.table([("v1", origin.port)], nil, [], identifiers, revision: 2))
        #expect(connection.isEnded())
        edge.drain()
        edge.wait()
        _ = proxy
    }

    @Test func `admin pages are read-only, local, and complete`() throws {
        let directory = try ScratchDirectory()
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.admin = "127.0.0.1:0"
            $0.controlDirectory = directory.path
        }
        _ = try proxy.ask()
        _ = try proxy.ask("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        let admin = try #require(proxy.proxy.adminAddress)
        func get(_ path: String, method: String = "GET", host: String = "localhost") throws
            -> TestConnection.Message
        {
            let connection = try TestConnection(to: admin)
            try connection.send("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            return try connection.readMessage(isHead: method == "HEAD")
        }
        #expect(try get("/ready").body == "LIVE\n")
        #expect(try get("/ready", method: "HEAD").status == 200)
        #expect(try get("/ready", host: "evil.example").status == 403)
        #expect(try get("/ready", method: "POST").status == 405)
        #expect(try get("/drain", method: "POST").status == 405)
        #expect(try get("/nowhere").status == 404)
        // What it says is for whoever may read the store.
        #expect(try get("/proxy-config/routes").status == 403)
        let metrics = try get("/stats/prometheus").body
        #expect(metrics.contains("istio_requests_total{reporter=\"source\""))
        #expect(metrics.contains("response_code=\"200\",response_flags=\"-\"} 1\n"))
        #expect(metrics.contains("canaryctl_unrouted_requests_total 1\n"))
        #expect(metrics.contains("istio_request_duration_milliseconds_count{"))
        #expect(try get("/config_dump").body.contains("app.default.svc.cluster.local"))
        #expect(try get("/clusters").body.contains("127.0.0.1:\(origin.port)"))
        proxy.proxy.setStale(since: 0, because: "it is gone")
        proxy.proxy.setStale(since: 60, because: "it is still gone")
        #expect(try get("/ready").body == "LIVE\nstale since 1970-01-01T00:00:00.000Z\n")
        var status = stat()
        let path = try #require(proxy.proxy.controlSocket)
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let socket = try connectUnix(path)
        try socket.send("POST /drain HTTP/1.1\r\nHost: admin\r\n\r\n")
        #expect(try socket.readMessage().body == "draining\n")
        #expect(proxy.proxy.isDraining)
        #expect(try get("/ready").status == 503)
    }

    private func connectUnix(_ path: String) throws -> TestConnection {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SystemCallError(errno) }
        return TestConnection(descriptor: descriptor)
    }

    @Test(arguments: [ProxyConfiguration.AccessLogFormat.text, .json])
    func `the access log has a line a request, and nobody can forge one`(
        format: ProxyConfiguration.AccessLogFormat
    ) throws {
        let directory = try ScratchDirectory()
        let path = directory.path("access.log")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let origin = try TestOrigin { request in
            TestOrigin.response(request.fields.first { $0.hasPrefix("x-request-id: ") } ?? "")
        }
        let writer = try #require(LogWriter(descriptors: [descriptor]) { count, _ in "\(count) lost\n" })
        var ids: [String] = []
        do {
            let proxy = try TestProxy([("v1", origin.port)]) {
                $0.accessLog = format
                $0.accessLogWriter = writer
            }
            let made = try proxy.ask("GET /a\"b HTTP/1.1\r\nHost: app\r\nUser-Agent: \"x\\\u{9b}\r\n\r\n")
            ids.append(String(made.body.dropFirst("x-request-id: ".count)))
            _ = try proxy.ask("GET / HTTP/1.1\r\nHost: nobody\r\nX-Request-ID: mine\r\n\r\n")
            ids.append("mine")
        }
        writer.finish(milliseconds: 60_000)
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(ids[0].count == 36)
        for (line, id) in zip(lines, ids) {
            #expect(line.contains(format == .json ? "\"request_id\":\"\(id)\"" : " \"\(id)\" \""))
        }
        #expect(text.contains("\\u0022x\\u005c\\u00c2\\u009b"))
        if format == .json {
            #expect(lines[0].contains("\"path\":\"/a\\u0022b\""))
            #expect(lines[1].contains("\"response_code\":404"))
            #expect(lines[1].contains("\"pid\":\(getpid())"))
        } else {
            #expect(lines[0].contains("\"GET /a\\u0022b HTTP/1.1\" 200 - 0 50 "))
            #expect(lines[1].contains(" 404 NR 0 0 "))
            #expect(lines[1].hasSuffix("\" \(getpid())"))
        }
    }

    @Test func `routes answer, redirect and edit headers`() throws {
        let origin = try TestOrigin { request in
            TestOrigin.response(
                "\(request.startLine)\n" + request.fields.joined(separator: "\n"),
                fields: ["X-Drop: 1", "X-Keep: 1"]
            )
        }
        let destination: Value = ["destination": ["host": "app", "subset": "v1"]]
        let edits: Value = [
            "request": ["set": ["x-set": "%REQ(x-in)%"], "remove": ["x-gone"], "add": ["x-add": "1"]],
            "response": ["remove": ["x-drop"], "set": ["x-via": "canary"]],
        ]
        let routes: Value = [
            ["match": [["uri": ["prefix": "/old"]]], "redirect": ["uri": "/new", "redirectCode": 302]],
            [
                "match": [["uri": ["exact": "/direct"]]],
                "directResponse": ["status": 418, "body": ["string": "teapot"]],
            ],
            [
                "match": [["uri": ["prefix": "/api/"]]], "rewrite": ["uri": "/v2/"], "route": [destination],
                "headers": edits,
            ],
            ["route": [destination]],
        ]
        let proxy = try TestProxy([("v1", origin.port)], http: routes)
        let redirect = try proxy.ask("GET /old?x HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(redirect.status == 302)
        #expect(redirect.field("location") == "http://app/new?x")
        let direct = try proxy.ask("GET /direct HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(direct.status == 418)
        #expect(direct.body == "teapot")
        let edited = try proxy.ask("GET /api/x HTTP/1.1\r\nHost: app\r\nX-In: in\r\nX-Gone: 1\r\n\r\n")
        #expect(edited.field("x-drop") == nil)
        #expect(edited.field("x-keep") == "1")
        #expect(edited.field("x-via") == "canary")
        let lines = edited.body.split(separator: "\n").map(String.init)
        #expect(lines.first == "GET /v2/x HTTP/1.1")
        #expect(lines.contains("x-set: in"))
        #expect(lines.contains("x-add: 1"))
        #expect(lines.contains("X-In: in"))
        #expect(!lines.contains { $0.hasPrefix("X-Gone") })
    }
}
