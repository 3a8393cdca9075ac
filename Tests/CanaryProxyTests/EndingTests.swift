// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What each side learns when the other ends early, late, or in the midst of something.
struct EndingTests {
    /// Answers behind the head, and does not read the body.
    private static func hastyOrigin() throws -> TestOrigin {
        try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(TestOrigin.response("big!", status: "413 Too Large"))
            connection.finishSending()
        }
    }

    @Test(arguments: ["", "Expect: 100-continue\r\n"])
    func `an answer before the upload's end says that the connection closes`(expectation: String) throws {
        let origin = try Self.hastyOrigin()
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        try client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\(expectation)\r\n")
        let answer = try client.readMessage()
        #expect(answer.status == 413)
        #expect(answer.body == "big!")
        #expect(answer.field("connection") == "close")
        #expect(client.isEnded())
    }

    @Test func `a client that sends all before it reads gets an early answer`() throws {
        let origin = try Self.hastyOrigin()
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        try client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 16777216\r\n\r\n")
        for _ in 0..<256 { try client.send([UInt8](repeating: 7, count: 65_536)) }
        let answer = try client.readMessage()
        #expect(answer.status == 413)
        #expect(answer.body == "big!")
    }

    @Test func `a client that ends its side in the midst of an upload ends the request`() throws {
        let ended = Counter()
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            _ = connection.readToEnd()
            ended.next()
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        try client.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nabc")
        client.finishSending()
        #expect(client.isEnded())
        while ended.value == 0 { sched_yield() }
    }

    /// Nothing of the answer came yet, events stream and pause, half of a body came: what the upstream has sent when the client
    /// goes, and what the log says then.
    @Test(arguments: [
        ("", "0 DC"), ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n", "200 DC"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "200 DC"),
    ])
    func `a client that goes away ends its request at the upstream`(sent: String, outcome: String) throws {
        let heard = Counter()
        let ended = Counter()
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(sent)
            heard.next()
            if connection.isEnded() { ended.next() }
        }
        let log = try LoggedRequests()
        let proxy = try TestProxy([("v1", origin.port)]) {
            log.configure(&$0)
            $0.limits.departureTimeout = 20
        }
        do {
            let client = try proxy.connect()
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            if !sent.isEmpty { _ = try client.readHead() }
            while heard.value == 0 { sched_yield() }
        }
        while ended.value == 0 { sched_yield() }
        proxy.stop()
        #expect(log.outcomes() == [outcome])
    }

    @Test(arguments: ["Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"], [0, 1])
    func `half an answer is no whole one`(framing: String, version: Int) throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            try connection.send(
                "HTTP/1.1 200 OK\r\n\(framing)\r\n" + (framing.hasPrefix("C") ? "abc" : "3\r\nabc\r\n")
            )
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        try client.send("GET / HTTP/1.\(version)\r\nHost: app\r\n\r\n")
        let ended = #expect(throws: TestConnection.Ended.self) { while true { _ = try client.read(1) } }
        // Only a client that takes the end for the answer's has to be told by a reset.
        let isAmbiguous = version == 0 && framing.hasPrefix("T")
        #expect(ended?.reason == (isAmbiguous ? ECONNRESET : 0))
    }

    @Test func `a tunnel's reset is passed on, its end ends one side`() throws {
        let origin = try TestOrigin { connection, number in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nhello")
            _ = try connection.read(1)
            if number == 0 {
                connection.reset()
            } else {
                connection.finishSending()
                _ = try connection.read(1)
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        for expected in [ECONNRESET, 0] {
            let client = try proxy.connect()
            try client.send("GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n")
            #expect(try client.readHead().status == 101)
            #expect(try client.read(5) == Array("hello".utf8))
            try client.send("1")
            let ended = #expect(throws: TestConnection.Ended.self) { try client.read(1) }
            #expect(ended?.reason == expected)
        }
    }

    @Test func `an upstream that says more than its answer is not used again`() throws {
        let origin = try TestOrigin { connection, number in
            let fields = "HTTP/1.1 200 OK\r\nX-Number: \(number)\r\nContent-Length: "
            while true {
                _ = try connection.readHead()
                // Fills the proxy's buffer exactly, so that it can't see what follows.
                let length = Scratch.size - fields.utf8.count - 9
                try connection.send(
                    fields + "\(length)\r\n\r\n" + String(repeating: "x", count: length)
                        + TestOrigin.response("foreign")
                )
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        for number in 0..<5 {
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try client.readMessage().field("x-number") == "\(number)")
        }
    }

    @Test func `who is under way when a listener goes is answered, and told`() throws {
        let gate = FlowGate()
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readHead()
            gate.didSend(1)
            try gate.waitUntilReceived()
            try connection.send(TestOrigin.response("answer"))
        }
        let port = try TestOrigin.unusedPort()
        let server: Value = [
            "port": ["number": .integer(Int64(port)), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
        ]
        let gateway = TestProxy.resource(.gateway, "edge", ["spec": ["servers": [server]]])
        let route: Value = [
            "hosts": ["app.example"], "gateways": ["edge"],
            "http": [["route": [["destination": ["host": "app"]]]]],
        ]
        let edge = TestProxy.resource(.virtualService, "edge", ["spec": route])
        let proxy = try TestProxy([("v1", origin.port)], resources: [gateway, edge])
        let client = try TestConnection(to: "127.0.0.1:\(port)")
        let resting = try TestConnection(to: "127.0.0.1:\(port)")
        try client.send("GET / HTTP/1.1\r\nHost: app.example\r\n\r\n")
        while origin.connections.load(ordering: .relaxed) == 0 { sched_yield() }
        let table = TestProxy.table([("v1", origin.port)], nil, [], proxy.identifiers, revision: 2)
        proxy.proxy.install(table)
        #expect(resting.isEnded())
        gate.didReceive(1)
        let answer = try client.readMessage()
        #expect(answer.body == "answer")
        #expect(answer.field("connection") == "close")
        #expect(client.isEnded())
    }
}
