// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Mirrors: what they get, what is counted of it, and that no request notices them.
struct MirrorTests {
    /// What an origin received, without what tells one connection from another.
    private final class Received: Sendable {
        private let messages = Mutex<[TestConnection.Message]>([])

        func add(_ message: TestConnection.Message) { messages.withLock { $0.append(message) } }
        var all: [TestConnection.Message] { messages.withLock(\.self) }

        /// Waits until so many have come.
        func wait(for count: Int) -> [TestConnection.Message] {
            while all.count < count { usleep(500) }
            return all
        }
    }

    private static func origin(_ received: Received, _ name: String = "v1") throws -> TestOrigin {
        try TestOrigin { message in
            received.add(message)
            return TestOrigin.response(message.startLine.hasPrefix("HEAD") ? "" : name)
        }
    }

    private static func route(_ share: Int64 = 100, _ fields: [(String, Value)] = []) -> Value {
        TestProxy.route(
            "v1",
            [
                ("mirror", ["host": "app", "subset": "v2"]),
                ("mirrorPercentage", ["value": .integer(share)]),
            ] + fields
        )
    }

    private static let get = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    private static func put(_ size: Int) -> String {
        "PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: \(size)\r\n\r\n" + String(repeating: "x", count: size)
    }

    private static func isCopy(_ key: EvidenceKey) -> Bool { key.destination.hasPrefix("mirror=") }

    /// A number of the proxy's metrics, whatever its labels.
    private static func metric(_ name: String, _ proxy: TestProxy) -> Int {
        PrometheusText(shared: proxy.proxy.shared).text().split(separator: "\n").filter { $0.hasPrefix(name) }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }

    // MARK: - What mirrors get

    @Test func `a copy is the request as it was sent, but for its authority`() throws {
        let (received, copies) = (Received(), Received())
        let (origin, mirror) = (try Self.origin(received), try Self.origin(copies))
        let edits: [(String, Value)] = [
            ("headers", ["request": ["set": ["x-edit": "1"], "remove": ["x-gone"]]]),
            ("rewrite", ["uri": "/new", "authority": "new.test:82"]),
        ]
        let proxy = try TestProxy(
            [("v1", origin.port), ("v2", mirror.port)],
            http: Self.route(100, edits)
        )
        let heads = [
            "GET /a?b=c HTTP/1.1\r\nHost: app\r\nX-Gone: 1\r\nX-Kept: 2\r\n\r\n",
            "HEAD /a HTTP/1.1\r\nHost: app\r\nX-Request-Id: mine\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\nhello",
            "POST /a HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "PUT /a HTTP/1.1\r\nHost: app\r\nContent-Length: 60000\r\n\r\n"
                + String(repeating: "x", count: 60_000),
        ]
        let connection = try proxy.connect()
        try connection.send(heads.joined())
        for head in heads {
            #expect(try connection.readMessage(isHead: head.hasPrefix("HEAD")).status == 200)
        }
        let sent = received.all
        let got = copies.wait(for: heads.count)
        // Copies go over connections of their own: their order is not the requests'.
        func id(_ message: TestConnection.Message) -> String { message.field("x-request-id") ?? "" }
        for original in sent {
            var copy = try #require(got.first { id($0) == id(original) })
            #expect(copy.field("host") == "new.test-shadow:82")
            copy.fields = copy.fields.map { $0 == "host: new.test-shadow:82" ? "host: new.test:82" : $0 }
            #expect(copy == original)
        }
        #expect(Set(got.map(id)).count == heads.count && sent.count == heads.count)
    }

    @Test func `a share is copied, and counted apart from the requests`() throws {
        let (received, copies) = (Received(), Received())
        let (origin, mirror) = (try Self.origin(received), try Self.origin(copies))
        let proxy = try TestProxy([("v1", origin.port), ("v2", mirror.port)], http: Self.route(25))
        let connection = try proxy.connect()
        let count = 800
        for _ in 0..<count {
            try connection.send(Self.get)
            #expect(try connection.readMessage().body == "v1")
        }
        while Self.metric("canaryctl_mirrored_requests_total", proxy) < copies.all.count { usleep(500) }
        let answers = proxy.answers { !Self.isCopy($0) }
        let mirrored = proxy.answers(where: Self.isCopy).values.reduce(0, +)
        #expect(answers == ["200 -": UInt64(count)] && received.all.count == count)
        #expect(proxy.requestsInMetrics() == answers)
        #expect(mirrored == copies.all.count)
        #expect(Self.metric("canaryctl_mirrored_requests_total", proxy) == Int(mirrored))
        // Seven standard deviations.
        #expect(abs(Double(mirrored) - 200) < 7 * (Double(count) * 0.25 * 0.75).squareRoot())
    }

    @Test func `several mirrors have copies each, by one draw`() throws {
        let (one, two) = (Received(), Received())
        let origins = try [TestOrigin(named: "v1"), Self.origin(one), Self.origin(two)]
        let mirrors: Value = [
            ["destination": ["host": "app", "subset": "v2"], "percentage": ["value": 50]],
            ["destination": ["host": "app", "subset": "v3"], "percentage": ["value": 50]],
            ["destination": ["host": "app", "subset": "none"], "percentage": ["value": 50]],
        ]
        let ports = zip(["v1", "v2", "v3"], origins.map(\.port)).map { (version: $0, port: $1) }
        let log = try LoggedRequests()
        let proxy = try TestProxy(
            ports,
            http: TestProxy.route("v1", [("mirrors", mirrors)]),
            configure: log.configure
        )
        let connection = try proxy.connect()
        for _ in 0..<100 {
            try connection.send(Self.get)
            _ = try connection.readMessage()
        }
        while Self.metric("canaryctl_mirrored_requests_total", proxy) < 2 * one.all.count { usleep(500) }
        let answers = proxy.answers(where: Self.isCopy)
        let count = UInt64(one.all.count)
        #expect(count > 0 && one.all.count == two.all.count)
        #expect(answers == ["200 -": 2 * count])
        // There is no such subset.
        #expect(Self.metric("canaryctl_dropped_mirrors_total", proxy) == Int(count))
        // Only requests are logged.
        #expect(log.outcomes().count == 100)
    }

    // MARK: - What requests notice

    @Test func `a mirror that never answers makes nobody wait`() throws {
        let origin = try TestOrigin(named: "v1")
        let held = Counter()
        let silent = try TestOrigin { connection, _ in
            held.next()
            _ = connection.readToEnd()
        }
        let proxy = try TestProxy([("v1", origin.port), ("v2", silent.port)], http: Self.route()) {
            $0.drainTimeout = 60_000
        }
        let connection = try proxy.connect()
        for size in [0, 1, 60_000, 60_000, 60_000] {
            try connection.send(Self.put(size))
            #expect(try connection.readMessage().body == "v1")
        }
        while held.value < 5 { usleep(500) }
        // The proxy ends without waiting for the copies.
        #expect(proxy.answers(where: Self.isCopy) == ["0 DC": 5])
        #expect(proxy.answers { !Self.isCopy($0) } == ["200 -": 5])
    }

    @Test func `a mirror's failures are its own, and it is never tried again`() throws {
        let tries = Counter()
        let origin = try TestOrigin(named: "v1")
        let failing = try TestOrigin { _ in
            tries.next()
            return TestOrigin.response("", status: "503 No")
        }
        let retries: (String, Value) = ("retries", ["attempts": 3, "retryOn": "5xx,connect-failure"])
        for (port, answer) in [(failing.port, "503 -"), (try TestOrigin.unusedPort(), "503 UF")] {
            let proxy = try TestProxy([("v1", origin.port), ("v2", port)], http: Self.route(100, [retries]))
            #expect(try proxy.ask().body == "v1")
            while Self.metric("canaryctl_mirrored_requests_total", proxy) < 1 { usleep(500) }
            #expect(proxy.answers(where: Self.isCopy) == [answer: 1])
            #expect(proxy.requestsInMetrics() == ["200 -": 1])
        }
        #expect(tries.value == 1)
    }

    @Test(arguments: [65_537, 3 << 20])
    func `a body that cannot be kept has no copy`(size: Int) throws {
        let (received, copies) = (Received(), Received())
        let (origin, mirror) = (try Self.origin(received), try Self.origin(copies))
        let proxy = try TestProxy([("v1", origin.port), ("v2", mirror.port)], http: Self.route())
        let connection = try proxy.connect()
        try connection.send(Self.put(size) + Self.get)
        for _ in 0..<2 { #expect(try connection.readMessage().body == "v1") }
        #expect(received.all.map(\.body.utf8.count) == [size, 0])
        #expect(copies.wait(for: 1).map(\.startLine) == ["GET / HTTP/1.1"])
        #expect(Self.metric("canaryctl_dropped_mirrors_total", proxy) == 1)
    }

    @Test func `no more copies are under way than may be, and none for ever`() throws {
        let origin = try TestOrigin(named: "v1")
        let silent = try TestOrigin { connection, _ in _ = connection.readToEnd() }
        let proxy = try TestProxy([("v1", origin.port), ("v2", silent.port)], http: Self.route()) {
            $0.limits.copies = 3
            $0.limits.copyTimeout = 600_000
        }
        let connection = try proxy.connect()
        for _ in 0..<10 {
            try connection.send(Self.get)
            #expect(try connection.readMessage().body == "v1")
        }
        #expect(Self.metric("canaryctl_dropped_mirrors_total", proxy) == 7)
        let impatient = try TestProxy([("v1", origin.port), ("v2", silent.port)], http: Self.route()) {
            // So long that it is under way by then, on a slow machine too.
            $0.limits.copyTimeout = 500
        }
        #expect(try impatient.ask().body == "v1")
        while Self.metric("canaryctl_mirrored_requests_total", impatient) < 1 { usleep(500) }
        #expect(impatient.answers(where: Self.isCopy) == ["504 UT": 1])
    }

    @Test func `a client that leaves in the midst of its upload leaves no copy, one that leaves later does`()
        throws
    {
        let copies = Received()
        let origin = try TestOrigin { connection, _ in _ = connection.readToEnd() }
        let mirror = try Self.origin(copies)
        let proxy = try TestProxy([("v1", origin.port), ("v2", mirror.port)], http: Self.route())
        do {
            let connection = try proxy.connect()
            try connection.send("PUT /part HTTP/1.1\r\nHost: app\r\nContent-Length: 9\r\n\r\nhi")
            while origin.connections.load(ordering: .relaxed) == 0 { usleep(500) }
        }
        do {
            let connection = try proxy.connect()
            try connection.send("PUT /whole HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nhi")
            #expect(copies.wait(for: 1).map(\.startLine) == ["PUT /whole HTTP/1.1"])
        }
        #expect(proxy.answers { !Self.isCopy($0) } == ["0 DC": 2])
    }

    @Test func `a protocol that is switched to has no copy`() throws {
        let copies = Received()
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhi")
            _ = connection.readToEnd()
        }
        let mirror = try Self.origin(copies)
        let proxy = try TestProxy([("v1", origin.port), ("v2", mirror.port)], http: Self.route())
        let connection = try proxy.connect()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        #expect(try connection.readHead().status == 101)
        #expect(try connection.read(2) == Array("hi".utf8))
        connection.finishSending()
        proxy.stop()
        #expect(copies.all.isEmpty)
    }
}
