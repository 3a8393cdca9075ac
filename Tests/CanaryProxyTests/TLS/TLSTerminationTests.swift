// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Gateways' servers that end TLS, met by Python's `ssl`.
@Suite(.enabled(if: Shell.finds("python3"), "python3 is not installed")) struct TLSTerminationTests {
    private static var simple: [(String, Value)] { [("mode", "SIMPLE"), ("credentialName", "a")] }

    /// Answers with the head of the request.
    private static func echo() throws -> TestOrigin {
        try TestOrigin { request in
            TestOrigin.response(request.fields.joined(separator: "\n"))
        }
    }

    private static func scene(
        _ tls: [(String, Value)] = simple,
        configure: (inout ProxyConfiguration) -> Void = { _ in }
    ) throws -> TLSScene {
        let origin = try echo()
        let servers = [
            TLSScene.server(["a.example"], tls),
            TLSScene.server(["*.b.example"], [("mode", "SIMPLE"), ("credentialName", "b")]),
        ]
        let scene = try TLSScene([("v1", origin.port)], configure: configure, servers: servers) { authority in
            [
                TLSScene.secret(
                    "a",
                    authority.issue("a", "DNS:a.example"),
                    [("ca.crt", authority.identity.certificate)]
                ),
                TLSScene.secret("b", authority.issue("b", "DNS:*.b.example")),
            ]
        }
        scene.origins = [origin]
        return scene
    }

    @Test func `each name gets its certificate, and nobody else one`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            for name in ['a.example', 'A.EXAMPLE', 'x.b.example', 'b.example', 'c.example', None]:
                if name: print(name, outcome(lambda: connect(name).getpeercert()['subject'][0][0][1]))
            s = ssl.create_default_context(); s.check_hostname = False; s.verify_mode = ssl.CERT_NONE
            print(outcome(lambda: s.wrap_socket(socket.create_connection(('127.0.0.1', \(scene.port)), 20)).version()))
            """
        )
        #expect(
            said == """
                a.example a
                A.EXAMPLE a
                x.b.example b
                b.example SSLError TLSV1_UNRECOGNIZED_NAME
                c.example SSLError TLSV1_UNRECOGNIZED_NAME
                SSLError TLSV1_UNRECOGNIZED_NAME

                """
        )
    }

    @Test func `requests say that they came over TLS, and reach only hosts of their server`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            c = connect()
            status, body = ask(c, more='x-forwarded-proto: http\\r\\nx-forwarded-client-cert: forged\\r\\n')
            print(status, 'x-forwarded-proto: https' in body, 'forged' in body)
            print(ask(c, 'x.b.example')[0], ask(c, 'A.example:443')[0], ask(c, 'nowhere')[0])
            """
        )
        #expect(said == "200 True False\n421 200 421\n")
    }

    @Test(arguments: [
        ("TLSV1_3", "TLSV1_3", "3"), ("TLSV1_2", "TLSV1_2", "2"), ("TLS_AUTO", "TLS_AUTO", "23"),
        ("TLSV1_0", "TLSV1_1", "01"),
        ("TLSV1_1", "TLS_AUTO", "123"),
    ])
    func `versions are what the server says`(_ least: String, _ most: String, _ accepted: String) throws {
        let scene = try Self.scene(
            Self.simple + [("minProtocolVersion", .text(least)), ("maxProtocolVersion", .text(most))]
        )
        let said = try scene.python(
            """
            for v in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                got = outcome(lambda: connect(version=v, ciphers='ALL:@SECLEVEL=0').version())
                if got.startswith('TLSv'): print({'TLSv1': 0, 'TLSv1.1': 1, 'TLSv1.2': 2, 'TLSv1.3': 3}[got], end='')
            """
        )
        #expect(said == accepted)
    }

    @Test func `cipher suites are what the server says`() throws {
        let scene = try Self.scene(
            Self.simple + [
                ("cipherSuites", ["ECDHE-ECDSA-AES256-GCM-SHA384", "no-such-suite"]),
                ("maxProtocolVersion", "TLSV1_2"),
            ]
        )
        let said = try scene.python(
            """
            print(connect().cipher()[0])
            print(outcome(lambda: connect(ciphers='ECDHE-ECDSA-AES128-GCM-SHA256').cipher()[0]))
            """
        )
        #expect(said == "ECDHE-ECDSA-AES256-GCM-SHA384\nSSLError SSLV3_ALERT_HANDSHAKE_FAILURE\n")
    }

    @Test func `protocols are agreed on, HTTP/2 first`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            for offer in (['http/1.1', 'h2'], ['http/1.1'], ['spdy/3'], None):
                print(connect(alpn=offer).selected_alpn_protocol())
            """
        )
        #expect(said == "h2\nhttp/1.1\nNone\nNone\n")
    }

    @Test(arguments: ["TLSv1_2", "TLSv1_3"])
    func `sessions are resumed, also once the certificate was replaced`(_ version: String) throws {
        let scene = try Self.scene()
        let resume = """
            first = connect(version=ssl.TLSVersion.\(version))
            ask(first)
            second = connect(session=(first.session, first.context))
            print(first.session_reused, second.session_reused, ask(second)[0], flush=True)
            """
        #expect(try scene.python(resume) == "False True 200\n")
        let other = scene.authority.issue("other", "DNS:a.example")
        let text = """
            \(resume)
            pause()
            third = connect(session=(first.session, first.context))
            print(third.session_reused, ask(third)[0], ask(second)[0])
            print(connect().getpeercert()['subject'][0][0][1])
            """
        let said = try scene.python(text) { scene.install([TLSScene.secret("a", other)]) }
        #expect(said == "False True 200\nTrue 200 200\nother\n")
    }

    @Test func `a bad Secret takes nothing down`() throws {
        let scene = try Self.scene()
        let good = scene.authority.issue("good", "DNS:x.b.example")
        let mixed = TestAuthority.Identity(certificate: good.certificate, key: scene.authority.identity.key)
        scene.install([TLSScene.secret("a", mixed), TLSScene.secret("b", good)])
        #expect(
            scene.warnings == [
                "Gateway default/edge, a.example: Secret default/a: the key does not belong to the certificate; the last good one"
                    + " stays in use"
            ]
        )
        #expect(scene.proxy.proxy.problems == scene.warnings)
        let names =
            "for n in ['a.example', 'x.b.example']: print(outcome(lambda: connect(n).getpeercert()['subject'][0][0][1]))"
        #expect(try scene.python(names) == "a\ngood\n")
        scene.install([TLSScene.secret("a", scene.authority.issue("new", "DNS:a.example"))])
        #expect(try scene.python(names) == "new\ngood\n")
        #expect(
            scene.proxy.proxy.problems == [
                "Gateway default/edge, *.b.example: Secret default/b does not exist, or holds no certificate; the last good one"
                    + " stays in use"
            ]
        )
    }

    @Test func `what is no handshake is turned away, and costs nobody else`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            import os
            for bytes in (b'GET / HTTP/1.1\\r\\n\\r\\n', b'\\x16\\x03\\x01', os.urandom(2000), b'\\x16\\x03\\x01\\xff\\xff' + b'x' * 70000):
                s = socket.create_connection(('127.0.0.1', \(scene.port)), 20)
                try:
                    s.sendall(bytes); s.shutdown(1)
                    while s.recv(4096): pass
                except OSError: pass
            print(ask(connect())[0])
            """
        )
        #expect(said == "200\n")
    }

    @Test func `a record that is forged ends its own connection alone`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            post = b'POST / HTTP/1.1\\r\\nHost: a.example\\r\\nContent-Length: 10\\r\\n\\r\\n'
            for _ in range(20):
                victim, attacker = Records(), Records()
                victim.s.sendall(victim.record(post + b'12345'))
                rest = victim.record(b'67890')
                good, bad = attacker.record(post + b'1'), bytearray(attacker.record(b'2'))
                bad[-1] ^= 1
                attacker.s.sendall(good + bytes(bad))
                victim.s.sendall(rest[:7])
                time.sleep(0.01)
                victim.s.sendall(rest[7:])
                if not victim.recv().startswith(b'HTTP/1.1 200'): print('lost')
            print(ask(connect())[0])
            """
        )
        #expect(said == "200\n")
    }

    @Test func `who was accepted before a drain is answered`() throws {
        let scene = try Self.scene()
        let said = try scene.python(
            """
            s = socket.create_connection(('127.0.0.1', \(scene.port)), 20)
            c = connect()
            pause()
            t = ssl.create_default_context(cafile='ca.pem').wrap_socket(s, server_hostname='a.example')
            print(ask(t)[0], t.recv(1))
            """
        ) {
            let accepted = scene.proxy.proxy.shared.counters
            while accepted.reduce(0, { $0 + $1.connections.load(ordering: .relaxed) }) < 2 { poll(nil, 0, 5) }
            scene.proxy.proxy.drain()
        }
        #expect(said == "200 b''\n")
    }

    @Test func `who says nothing within TLS is let go without a word`() throws {
        let scene = try Self.scene(configure: { $0.limits.headTimeout = 300 })
        #expect(try scene.python("print(connect().recv(100))") == "b''\n")
    }

    @Test func `a handshake that does not come is given up`() throws {
        let scene = try Self.scene(configure: { $0.limits.headTimeout = 200 })
        let silent = try TestConnection(to: "127.0.0.1:\(scene.port)")
        #expect(silent.isEnded())
        let half = try TestConnection(to: "127.0.0.1:\(scene.port)")
        try half.send([0x16, 3, 1, 2, 0, 1])
        #expect(half.isEnded())
    }
}
