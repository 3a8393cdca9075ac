// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Testing

@testable import CanaryProxy

/// Heads as they are sent, both ways.
struct HeadWriterTests {
    private func text(_ buffer: borrowing ByteBuffer) -> String {
        String(decoding: buffer.slice.bytes, as: UTF8.self)
    }

    private func request(_ scene: ExchangeScene) -> String {
        var writer = RequestWriter(mostFields: 100, traces: TraceSettings())
        var random = RandomSource()
        var output = ByteBuffer()
        output.append("what was there before")
        writer.writeHead(scene.exchange, scene.upstream.pointee.codec, &random, to: &output)
        return text(output)
    }

    @Test func `what concerns one connection stays there, and what tells of the client is added`() {
        let scene = ExchangeScene(
            "GET /a?b HTTP/1.1\r\nHost: app\r\nConnection: X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n"
                + "X-Request-Id: 7\r\nX-Forwarded-For: 1.1.1.1\r\nAccept:  */*\r\n\r\n"
        )
        #expect(
            request(scene)
                == "GET /a?b HTTP/1.1\r\nhost: app\r\nx-forwarded-for: 1.1.1.1, 10.0.0.9\r\n"
                + "x-forwarded-proto: http\r\nX-Request-Id: 7\r\nAccept:  */*\r\n\r\n"
        )
    }

    @Test func `a route's changes apply, and a request has one id in all its tries`() {
        let scene = ExchangeScene(
            "GET /a HTTP/1.1\r\nHost: app\r\nA: 1\r\n\r\n",
            [
                ("rewrite", ["uri": "/b c", "authority": "other"]),
                ("headers", ["request": ["set": ["a": "2"], "add": ["x-forwarded-for": "none"]]]),
            ]
        )
        let first = request(scene)
        #expect(
            first.hasPrefix(
                "GET /b%20ca HTTP/1.1\r\nhost: other\r\nx-forwarded-proto: http\r\nx-request-id: "
            )
        )
        #expect(first.hasSuffix("\r\na: 2\r\nx-forwarded-for: none\r\n\r\n"))
        #expect(request(scene) == first)
    }

    @Test func `an upload and a switch of protocols say so again`() {
        let upload = ExchangeScene("PUT / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(request(upload).hasSuffix("\r\ntransfer-encoding: chunked\r\n\r\n"))
        let socket = ExchangeScene(
            "GET / HTTP/1.1\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: a/1\r\n\r\n"
        )
        #expect(request(socket).hasSuffix("\r\nconnection: upgrade\r\nupgrade: a/1\r\n\r\n"))
    }

    /// The head of an upstream's answer as the client gets it.
    private func answer(_ scene: ExchangeScene, _ head: String) -> String {
        var writer = AnswerWriter(mostFields: 100, endpoints: EndpointTexts(scene.routed.identifiers))
        var parsed = ResponseHead()
        let bytes = scene.routed.slice(head)
        let outcome = scene.upstream.pointee.codec.readHead(
            bytes,
            HeadLimits(),
            method: scene.exchange.pointee.request.head.method,
            into: &parsed,
            &writer.fields
        )
        guard case .complete = outcome else { return "" }
        var output = ByteBuffer()
        if parsed.status < 200 {
            writer.writeInterimHead(parsed, bytes, scene.client.pointee.codec, to: &output)
        } else {
            scene.exchange.pointee.outcome.status = Int32(parsed.status)
            scene.client.pointee.codec.frame(parsed.framing)
            writer.writeHead(scene.exchange, parsed, bytes, scene.client.pointee.codec, to: &output)
        }
        return text(output)
    }

    @Test func `an answer passes with the route's changes, framed for its client`() {
        let scene = ExchangeScene(
            "GET / HTTP/1.1\r\nHost: app\r\n\r\n",
            [("headers", ["response": ["set": ["server": "x-%RESPONSE_CODE%"]]])]
        )
        #expect(
            answer(
                scene,
                "HTTP/1.1 200 Fine\r\nServer: y\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
                == "HTTP/1.1 200 Fine\r\nserver: x-200\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        #expect(
            answer(scene, "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n")
                == "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
        )
        #expect(
            answer(ExchangeScene(), "HTTP/1.1 204 None\r\nContent-Length: 0\r\nA: b\r\n\r\n")
                == "HTTP/1.1 204 None\r\nA: b\r\n\r\n"
        )
    }

    private func local(_ scene: ExchangeScene, _ answer: LocalAnswer) -> String {
        var writer = AnswerWriter(mostFields: 100, endpoints: EndpointTexts(scene.routed.identifiers))
        var output = ByteBuffer()
        scene.exchange.pointee.outcome.status = answer.status
        writer.write(answer, scene.exchange, scene.client.pointee.codec, to: &output)
        let lines = text(output).split(separator: "\r\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.hasPrefix("date: ") }.joined(separator: "\n")
    }

    @Test func `the proxy's own answers have what an answer needs`() {
        let get = ExchangeScene()
        #expect(
            local(get, LocalAnswer(503, .noHealthyUpstream, "none"))
                == "HTTP/1.1 503 Service Unavailable\ncontent-type: text/plain\ncontent-length: 4\n"
                + "server: canaryctl\n\nnone"
        )
        #expect(local(get, LocalAnswer(204)) == "HTTP/1.1 204 No Content\nserver: canaryctl\n\n")
        #expect(local(get, LocalAnswer(405)).contains("\nallow: GET, HEAD"))
        let head = ExchangeScene("HEAD / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
        #expect(
            local(head, LocalAnswer(404, .noRoute, "no"))
                == "HTTP/1.1 404 Not Found\ncontent-type: text/plain\ncontent-length: 2\nserver: canaryctl\n"
                + "connection: close\n\n"
        )
    }
}
