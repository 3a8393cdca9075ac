// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Testing

@testable import CanaryProxy

/// Clients' connections that have become old.
@Suite(.timeLimit(.minutes(15))) struct ConnectionAgeTests {
    private static let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"

    @Test func `one of HTTP/1 ends with an answer that says so, once it is old`() throws {
        let origin = try TestOrigin(named: "x")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.connectionAge = 300 }
        let client = try proxy.connect()
        var answers = 0
        while true {
            try client.send(Self.request)
            let answer = try client.readMessage()
            #expect(answer.body == "x")
            answers += 1
            if answer.field("connection") == "close" { break }
        }
        #expect(client.isEnded())
        #expect(answers > 1)
    }

    @Test func `without an age none is too old`() throws {
        let origin = try TestOrigin(named: "x")
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try proxy.connect()
        for _ in 0..<3 {
            try client.send(Self.request)
            #expect(try client.readMessage().field("connection") == nil)
            poll(nil, 0, 5)
        }
    }

    @Test func `one of HTTP/2 hears of its end twice, and what is under way is answered`() throws {
        let gate = Counter()
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readMessage()
                while gate.value == 0 { poll(nil, 0, 5) }
                try connection.send(TestOrigin.response("x"))
            }
        }
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.connectionAge = 100 }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        // The first notice allows all streams that there may be, the second those that have begun.
        while client.lastStream == nil { try client.step() }
        #expect(client.lastStream == 0x7FFF_FFFF)
        try client.send(.headers(3, Frame.request()))
        gate.next()
        for stream: UInt32 in [1, 3] { #expect(try client.answer(stream).body == Array("x".utf8)) }
        #expect(client.end().code == 0)
        #expect(client.lastStream == 3)
    }

    @Test func `one of HTTP/2 that rests hears of it, too`() throws {
        let origin = try TestOrigin(named: "x")
        let proxy = try TestProxy([("v1", origin.port)]) { $0.limits.connectionAge = 50 }
        let client = try FramePeer(to: proxy.address)
        try client.send(.headers(1, Frame.request()))
        _ = try client.answer(1)
        #expect(client.end().code == 0)
        #expect(client.lastStream == 1)
    }
}
