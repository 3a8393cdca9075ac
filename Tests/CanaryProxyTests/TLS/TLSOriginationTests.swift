// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// TLS to endpoints, which Python's `ssl` ends.
@Suite(.enabled(if: Shell.finds("python3"), "python3 is not installed")) struct TLSOriginationTests {
    /// A server that answers with what it was asked: the name, the client's subject, whether the session was resumed, and the body's
    /// length. Certificates are `a.pem` and `ca.pem` of the shell's directory.
    private final class Server {
        let port: UInt16
        private let process: pid_t

        init(_ shell: Shell, asksClients: Bool = false, alpn: String = "http/1.1") throws {
            port = try TestOrigin.unusedPort()
            let script = """
                import socket, ssl, threading
                c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                c.load_cert_chain('a.pem', 'a.key')
                c.set_alpn_protocols(['\(alpn)'])
                names = {}
                c.sni_callback = lambda s, name, _: names.__setitem__(s, name)
                if \(asksClients ? "True" : "False"):
                    c.verify_mode = ssl.CERT_REQUIRED; c.load_verify_locations('ca.pem')
                l = socket.create_server(('127.0.0.1', \(port)))
                def one(s):
                    try:
                        with c.wrap_socket(s, server_side=True) as t:
                            f = t.makefile('rb')
                            while True:
                                head = b''
                                while not head.endswith(b'\\r\\n\\r\\n'):
                                    line = f.readline()
                                    if not line: return
                                    head += line
                                length = [int(l.split(b':')[1]) for l in head.lower().split(b'\\r\\n') if l.startswith(b'content-length')]
                                body = f.read(length[0]) if length else b''
                                cert = t.getpeercert()
                                who = cert['subject'][0][0][1] if cert else '-'
                                said = f'{names.get(t)} {who} {t.session_reused} {len(body)}\\n'.encode() + body
                                t.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(said) + said)
                    except OSError: pass
                while True: threading.Thread(target=one, args=(l.accept()[0],), daemon=True).start()
                """
            _ = try shell.scratch.write(script, to: "server.py")
            process = try shell.start("exec python3 server.py > server.log 2>&1")
            while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil { poll(nil, 0, 10) }
        }

        deinit {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
    }

    private let shell: Shell
    private let authority = TestAuthority()

    init() throws {
        shell = try Shell()
        try write(authority.identity, as: "ca")
        try write(authority.issue("a", "DNS:a.example,URI:spiffe://a,DNS:*.z.example"), as: "a")
        try write(authority.issue("client", "DNS:client"), as: "client")
    }

    private func write(_ identity: TestAuthority.Identity, as name: String) throws {
        _ = try shell.scratch.write(identity.certificate, to: "\(name).pem")
        _ = try shell.scratch.write(identity.key, to: "\(name).key")
    }

    private func path(_ name: String) -> Value { .text(shell.scratch.path(name)) }

    private func rule(_ tls: [(String, Value)], pool: Value = [:]) -> Resource {
        let policy: Value = .object([("tls", .object(tls)), ("connectionPool", pool)])
        return TestProxy.resource(
            .destinationRule,
            "app",
            .object([("spec", .object([("host", "app"), ("trafficPolicy", policy)]))])
        )
    }

    private func proxy(_ server: Server, _ tls: [(String, Value)], _ others: [Resource] = []) throws
        -> TestProxy
    {
        try TestProxy([("v1", server.port)], resources: [rule(tls)] + others)
    }

    private var trusting: [(String, Value)] {
        [("mode", "SIMPLE"), ("sni", "a.example"), ("caCertificates", path("ca.pem"))]
    }

    @Test func `requests go over TLS, whose sessions are resumed`() throws {
        let server = try Server(shell)
        let proxy = try proxy(server, trusting)
        #expect(try proxy.ask().body == "a.example - False 0\n")
        let body = String(repeating: "x", count: 300_000)
        let connection = try proxy.connect()
        for _ in 0..<3 {
            try connection.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 300000\r\n\r\n\(body)")
            #expect(try connection.readMessage().body.hasSuffix(" 300000\n\(body)"))
        }
        // Two at a time need a second connection. A server that is slow may have none of its sessions known yet.
        var answer = ""
        for _ in 0..<20 where !answer.hasPrefix("a.example - True") {
            let (first, second) = (try proxy.connect(), try proxy.connect())
            try first.send("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\n")
            poll(nil, 0, 5)
            try second.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            answer = try second.readMessage().body
        }
        #expect(answer == "a.example - True 0\n")
        #expect(proxy.proxy.problems == [])
    }

    @Test(
        arguments: [
            ("another name", "b.example", [], "certificate: hostname mismatch"),
            ("a wildcard", "x.z.example", [], nil),
            ("a subject name", "b.example", ["spiffe://a"], nil),
            (
                "another subject name", "a.example", ["spiffe://b"],
                "certificate: none of its names is among subjectAltNames"
            ),
        ] as [(String, String, [String], String?)]
    )
    func `a server has to be who it is taken for`(
        _ what: String,
        _ sni: String,
        _ names: [String],
        _ problem: String?
    ) throws {
        let server = try Server(shell)
        let settings: [(String, Value)] = [
            ("mode", "SIMPLE"), ("sni", .text(sni)), ("caCertificates", path("ca.pem")),
            ("subjectAltNames", .list(names.map(Value.text))),
        ]
        let proxy = try proxy(server, settings)
        let answer = try proxy.ask()
        #expect(answer.status == (problem == nil ? 200 : 503), "\(what)")
        let host = "TLS to app.default.svc.cluster.local: "
        #expect(proxy.proxy.problems == (problem.map { [host + $0] } ?? []))
    }

    @Test(arguments: [("spiffe://a", true), ("spiffe://b", false)])
    func `a ServiceEntry says who a server has to be where the rule does not`(_ name: String, _ isGood: Bool)
        throws
    {
        let server = try Server(shell)
        let entry: Value = [
            "spec": [
                "hosts": ["outside.example"], "resolution": "STATIC", "subjectAltNames": [.text(name)],
                "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
                "endpoints": [["address": "127.0.0.1", "ports": ["http": .integer(Int64(server.port))]]],
            ]
        ]
        func rule(_ tls: [(String, Value)]) -> Resource {
            let all: [(String, Value)] = [("mode", "SIMPLE"), ("caCertificates", path("ca.pem"))] + tls
            let spec: Value = .object([
                ("host", "outside.example"), ("trafficPolicy", .object([("tls", .object(all))])),
            ])
            return TestProxy.resource(.destinationRule, "outside", .object([("spec", spec)]))
        }
        let outside = TestProxy.resource(.serviceEntry, "outside", entry)
        let request = "GET / HTTP/1.1\r\nHost: outside.example\r\n\r\n"
        let proxy = try TestProxy([], resources: [outside, rule([])])
        #expect(try proxy.ask(request).status == (isGood ? 200 : 503))
        // The rule's own names count alone.
        let other = try TestProxy([], resources: [outside, rule([("subjectAltNames", ["a.example"])])])
        #expect(try other.ask(request).status == 200)
    }

    @Test func `a certificate has to be signed by somebody who is believed, and good`() throws {
        func problem(_ tls: [(String, Value)]) throws -> String {
            let server = try Server(shell)
            let proxy = try proxy(server, tls)
            let answer = try proxy.ask()
            return answer.status == 200 ? "-" : proxy.proxy.problems.joined()
        }
        let prefix = "TLS to app.default.svc.cluster.local: "
        let unsigned: [(String, Value)] = [("mode", "SIMPLE"), ("sni", "a.example")]
        #expect(try problem(unsigned) == prefix + "certificate: unable to get local issuer certificate")
        #expect(try problem(unsigned + [("insecureSkipVerify", true)]) == "-")
        try write(authority.issue("a", "DNS:a.example", days: -9...(-1)), as: "a")
        #expect(try problem(trusting) == prefix + "certificate: certificate has expired")
        try write(authority.issue("a", "DNS:a.example"), as: "a")
        #expect(try problem(trusting) == "-")
        _ = try shell.scratch.write(authority.revokeLast(), to: "crl.pem")
        #expect(
            try problem(trusting + [("caCrl", path("crl.pem"))]) == prefix
                + "certificate: certificate revoked"
        )
        #expect(
            try problem([("mode", "SIMPLE"), ("caCertificates", path("nowhere"))]).contains(
                "/nowhere: "
            )
        )
    }

    @Test(arguments: [true, false])
    func `MUTUAL shows the client's certificate`(_ bySecret: Bool) throws {
        let server = try Server(shell, asksClients: true)
        let files: [(String, Value)] = [
            ("caCertificates", path("ca.pem")), ("clientCertificate", path("client.pem")),
            ("privateKey", path("client.key")),
        ]
        let named: [(String, Value)] = [("mode", "MUTUAL"), ("sni", "a.example")]
        let client = authority.issue("client", "DNS:client")
        let secret = TLSScene.secret("app", client, [("ca.crt", authority.identity.certificate)])
        let proxy = try proxy(server, named + (bySecret ? [("credentialName", "app")] : files), [secret])
        #expect(try proxy.ask().body == "a.example client False 0\n")
        let without = try self.proxy(server, trusting)
        #expect(try without.ask().status == 503)
    }

    @Test func `plain text and TLS do not share connections`() throws {
        let server = try Server(shell)
        let proxy = try proxy(server, trusting)
        #expect(try proxy.ask().status == 200)
        proxy.proxy.install(TestProxy.table([("v1", server.port)], nil, [], proxy.identifiers, revision: 2))
        _ = proxy.proxy.waitUntilServed(milliseconds: 5000)
        #expect(try proxy.ask().status == 503)
        proxy.proxy.install(
            TestProxy.table([("v1", server.port)], nil, [rule(trusting)], proxy.identifiers, revision: 3)
        )
        _ = proxy.proxy.waitUntilServed(milliseconds: 5000)
        #expect(try proxy.ask().status == 200)
    }

    @Test func `an endpoint that does not speak HTTP/2 where it should is not asked`() throws {
        let server = try Server(shell)
        let proxy = try TestProxy(
            [("v1", server.port)],
            resources: [rule(trusting, pool: ["http": ["h2UpgradePolicy": "UPGRADE"]])]
        )
        #expect(try proxy.ask().status == 503)
    }

    @Test(.enabled(if: RealServerTests.Server.node.isInstalled, "node or curl is not installed"))
    func `HTTP/2 over TLS both ways carries bodies whole`() throws {
        let port = try TestOrigin.unusedPort()
        let script = """
            const fs = require('fs')
            require('http2').createSecureServer({key: fs.readFileSync('a.key'), cert: fs.readFileSync('a.pem')}, (request, response) => {
              response.setHeader('x-scheme', request.headers[':scheme'])
              request.pipe(response)
            }).listen(\(port), '127.0.0.1')
            """
        _ = try shell.scratch.write(script, to: "server.js")
        let process = try shell.start("exec node server.js > server.log 2>&1")
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil { poll(nil, 0, 10) }
        let upgrade = rule(trusting, pool: ["http": ["h2UpgradePolicy": "UPGRADE"]])
        let server = TLSScene.server(["a.example"], [("mode", "SIMPLE"), ("credentialName", "a")])
        let scene = try TLSScene([("v1", port)], servers: [server]) { authority in
            [upgrade, TLSScene.secret("a", authority.issue("a", "DNS:a.example"))]
        }
        _ = try shell.scratch.write(scene.authority.identity.certificate, to: "edge.pem")
        let complaint = try shell.run(
            """
            for size in 1 16384 65537 3145728 16777216; do
              head -c $size /dev/urandom > file
              curl -sS --http2 --max-time 50 --cacert edge.pem --resolve a.example:\(scene.port):127.0.0.1 -D head \\
                -T file -o got https://a.example:\(scene.port)/ || exit 1
              cmp got file || exit 1
              grep -q '^x-scheme: https' head || { cat head; exit 1; }
            done
            """
        )
        #expect(complaint == "")
    }
}
