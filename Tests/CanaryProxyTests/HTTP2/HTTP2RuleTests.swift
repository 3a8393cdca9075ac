// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryProxy

/// Each rule of HTTP/2 that a client can break: it harms nobody else, and never reaches an origin.
struct HTTP2RuleTests {
    @Test(arguments: BrokenRule.all) func `a rule that is broken`(_ rule: BrokenRule) throws {
        // An answer that takes a while, so that streams stay open.
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let client = try FramePeer(to: proxy.address)
        for frame in rule.frames { try? client.send(frame) }
        switch rule.result {
        case .connection(let codes):
            let end = client.end()
            #expect(end.code.map(codes.contains) == true, "\(rule): \(end)")
        case .stream(let codes):
            let code = try resetOrEnd(client)
            #expect(code.map(codes.contains) == true, "\(rule): \(code ?? 99)")
        case .nothing: #expect(try client.isAlive())
        }
        // Nobody else is harmed.
        #expect(try proxy.ask().status == 200)
    }

    /// The error that the stream is reset with, or the connection ended with. A stream that was answered before it was broken
    /// has nothing left that could be reset.
    private func resetOrEnd(_ client: FramePeer) throws -> UInt32? {
        while true {
            if let code = client.soFar(1).reset { return code }
            do { try client.step() } catch { return (error as? FramePeer.Ended)?.code }
        }
    }

    @Test func `a client that knows HTTP/2 says so first`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let wrong = try FramePeer(to: proxy.address, preface: "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")
        #expect(wrong.connection.readToEnd().hasPrefix("HTTP/1.1 505 "))
        // It may come in pieces.
        let connection = try FramePeer(to: proxy.address, preface: "")
        for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8 { try connection.connection.send([byte]) }
        for byte in (Frame.settings().bytes + Frame.headers(1, Frame.request()).bytes) {
            try connection.connection.send([byte])
        }
        #expect(try connection.answer(1).text == "v1")
        // Behind a request of HTTP/1 it is a request like any other that cannot be read.
        let old = try proxy.connect()
        try old.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try old.readMessage().status == 200)
        try old.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        #expect(try old.readMessage().status == 505)
    }
}
