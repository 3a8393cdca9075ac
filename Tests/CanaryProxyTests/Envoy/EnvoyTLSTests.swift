// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// TLS that Envoy ends, passes on and speaks by an exported configuration, beside the proxy. Skipped where there is no Envoy; see
/// ``EnvoyDifferenceTests``.
@Suite(
    .enabled(
        if: EnvoyProcess.path != nil,
        "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none"
    ),
    .enabled(if: Shell.finds("python3"), "python3 is not installed")
)
struct EnvoyTLSTests {
    private let shell: Shell
    private let authority = TestAuthority()

    init() throws {
        shell = try Shell()
        try write(authority.identity, as: "ca")
        try write(authority.issue("client", "DNS:client,URI:spiffe://client"), as: "client")
        try write(authority.issue("other", "DNS:other"), as: "other")
        try write(authority.issue("wild", "DNS:*.n.example"), as: "wild")
        try write(TestAuthority("foreign").issue("client", "DNS:client"), as: "foreign")
    }

    private func write(_ identity: TestAuthority.Identity, as name: String) throws {
        _ = try shell.scratch.write(identity.certificate, to: "\(name).pem")
        _ = try shell.scratch.write(identity.key, to: "\(name).key")
    }

    private func path(_ name: String) -> Value { .text(shell.scratch.path(name)) }

    /// Servers of TLS that say who they are, whom they were asked for and by whom, then echo requests' paths.
    private func startServers(_ servers: [(name: String, asks: Bool)]) throws -> (pid_t, [String: UInt16]) {
        let ports = try servers.map { _ in try TestOrigin.unusedPort() }
        let list = zip(servers, ports).map { "('\($0.name)', \($0.asks ? "True" : "False"), \($1))" }
        let script = """
            import socket, ssl, threading
            def serve(name, asks, port):
                c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                c.load_cert_chain(name + '.pem', name + '.key')
                if asks: c.verify_mode = ssl.CERT_REQUIRED; c.load_verify_locations('ca.pem')
                asked = {}
                c.sni_callback = lambda s, n, _: asked.__setitem__(s, n)
                l = socket.create_server(('127.0.0.1', port))
                def one(s):
                    try:
                        with c.wrap_socket(s, server_side=True) as t:
                            f = t.makefile('rb')
                            while True:
                                line = f.readline()
                                if not line: return
                                while f.readline().strip(): pass
                                who = t.getpeercert()
                                who = who['subject'][0][0][1] if who else '-'
                                said = f'{line.split()[1].decode()} {asked.get(t)} {who}'.encode()
                                t.sendall(b'HTTP/1.1 200 OK\\r\\nx-origin: %s\\r\\ncontent-length: %d\\r\\n\\r\\n' % (name.encode(), len(said)) + said)
                    except OSError: pass
                while True: threading.Thread(target=one, args=(l.accept()[0],), daemon=True).start()
            for server in [\(list.joined(separator: ", "))]: threading.Thread(target=serve, args=server).start()
            """
        _ = try shell.scratch.write(script, to: "server.py")
        let process = try shell.start("exec python3 server.py > server.log 2>&1")
        for port in ports { while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil { poll(nil, 0, 10) } }
        return (process, Dictionary(uniqueKeysWithValues: zip(servers.map(\.name), ports)))
    }

    private static func end(_ process: pid_t) {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    static func service(_ name: String, _ port: Int64, labels: [(String, Value)] = []) -> [Resource] {
        let spec: Value = [
            "selector": ["app": .text(name)], "ports": [["port": 80, "name": "http"]],
        ]
        let entry: Value = [
            "spec": [
                "address": "127.0.0.1", "ports": ["http": .integer(port)],
                "labels": .object([("app", .text(name))] + labels),
            ]
        ]
        return [
            TestProxy.resource(.service, name, ["spec": spec]),
            TestProxy.resource(.workloadEntry, name, entry),
        ]
    }

    private static func server(_ host: String, _ port: Int64, _ tls: [(String, Value)], passes: Bool = false)
        -> Value
    {
        let number: Value = .object([
            ("name", .text("p\(host.count)")), ("number", .integer(port)),
            ("protocol", passes ? "TLS" : "HTTPS"),
        ])
        return .object([("port", number), ("hosts", [.text(host)]), ("tls", .object(tls))])
    }

    private func objects(_ origins: EchoOrigins, _ port: Int64, _ ports: [String: UInt16]) -> [Resource] {
        func secret(_ name: String, _ host: String, withAuthority: Bool = false) -> Resource {
            TLSScene.secret(
                name,
                authority.issue(host, "DNS:\(host)"),
                withAuthority ? [("ca.crt", authority.identity.certificate)] : []
            )
        }
        let servers: [Value] = [
            Self.server("a.example", port, [("mode", "SIMPLE"), ("credentialName", "a")]),
            Self.server("*.b.example", port, [("mode", "MUTUAL"), ("credentialName", "b")]),
            Self.server("c.example", port, [("mode", "OPTIONAL_MUTUAL"), ("credentialName", "c")]),
            Self.server(
                "e.example",
                port,
                [
                    ("mode", "MUTUAL"), ("credentialName", "e"),
                    ("subjectAltNames", ["spiffe://client", "x.n.example"]),
                ]
            ),
            Self.server(
                "d.example",
                port,
                [("mode", "SIMPLE"), ("credentialName", "d"), ("minProtocolVersion", "TLSV1_3")]
            ),
            Self.server(
                "f.example",
                port,
                [
                    ("mode", "SIMPLE"), ("serverCertificate", path("f.pem")), ("privateKey", path("f.key")),
                    ("maxProtocolVersion", "TLSV1_2"), ("cipherSuites", ["ECDHE-ECDSA-AES256-GCM-SHA384"]),
                ]
            ),
            Self.server("*.z.example", port, [("mode", "PASSTHROUGH")], passes: true),
        ]
        let tls: Value = [
            ["match": [["sniHosts": ["*.z.example"]]], "route": [["destination": ["host": "two"]]]],
            ["match": [["sniHosts": ["one.z.example"]]], "route": [["destination": ["host": "one"]]]],
        ]
        func routes(_ name: String, _ host: String, _ list: [(String, Value)]) -> Resource {
            let spec: [(String, Value)] = [("hosts", [.text(host)]), ("gateways", ["edge"])] + list
            return TestProxy.resource(.virtualService, name, .object([("spec", .object(spec))]))
        }
        return Self.service("alpha", origins.port("alpha-v1"))
            + Self.service("beta", origins.port("beta-80"))
            + Self.service("one", Int64(ports["one"] ?? 0)) + Self.service("two", Int64(ports["two"] ?? 0))
            + [
                secret("a", "a.example"), secret("b", "*.b.example", withAuthority: true),
                secret("c", "c.example", withAuthority: true), secret("d", "d.example"),
                secret("e", "e.example", withAuthority: true),
                TestProxy.resource(.gateway, "edge", ["spec": ["servers": .list(servers)]]),
                routes(
                    "all",
                    "*",
                    [("http", [["route": [["destination": ["host": "alpha"]]]]]), ("tls", tls)]
                ),
                routes("b", "*.b.example", [("http", [["route": [["destination": ["host": "beta"]]]]])]),
            ]
    }

    /// What clients that come by TLS are told at an address: status, who answered, and what of the request's origin is told on.
    private func ask(_ cases: String, at host: String, _ port: UInt16) throws -> String {
        let script = """
            import socket, ssl
            def ask(sni, host=None, cert=None, version=None, alpn=None):
                c = ssl.create_default_context(cafile='ca.pem')
                if version: c.minimum_version = c.maximum_version = version
                if cert: c.load_cert_chain(cert + '.pem', cert + '.key')
                if alpn: c.set_alpn_protocols(alpn)
                try:
                    s = c.wrap_socket(socket.create_connection(('\(host)', \(port)), 20), server_hostname=sni)
                    if alpn: return s.selected_alpn_protocol()
                    s.sendall(f'GET /x HTTP/1.1\\r\\nHost: {host or sni}\\r\\nConnection: close\\r\\n\\r\\n'.encode())
                    answer = b''
                    while b'\\r\\n\\r\\n' not in answer:
                        piece = s.recv(65536)
                        if not piece: return 'refused'
                        answer += piece
                    head, body = answer.decode().lower().split('\\r\\n\\r\\n', 1)
                    fields = dict(l.split(': ', 1) for l in head.split('\\r\\n')[1:] if ': ' in l)
                    while len(body) < int(fields.get('content-length', 0)): body += s.recv(65536).decode().lower()
                    told = [l for l in body.split('\\n') if l.startswith(('x-forwarded-proto', 'x-forwarded-client-cert', '/x'))]
                    return head.split()[1], fields.get('x-origin'), s.version(), s.cipher()[0] if s.version() == 'TLSv1.2' else '', told
                except OSError: return 'refused'
            V = ssl.TLSVersion
            \(cases)
            """
        _ = try shell.scratch.write(script, to: "client.py")
        return try shell.run("python3 -W ignore client.py")
    }

    @Test func `both end TLS alike, and pass on alike what they do not end`() throws {
        try write(authority.issue("f.example", "DNS:f.example"), as: "f")
        try write(authority.issue("one", "DNS:one.z.example"), as: "one")
        try write(authority.issue("two", "DNS:*.z.example"), as: "two")
        let (process, ports) = try startServers([("one", false), ("two", false)])
        defer { Self.end(process) }
        let scene = try EnvoyScene { objects($0, $1, ports) }
        #expect(scene.warnings == [])
        let cases = """
            for line in [
                ask('a.example'), ask('a.example', 'x.b.example'), ask('a.example', 'unknown.example'),
                ask('x.b.example'), ask('x.b.example', cert='client'), ask('y.b.example', 'x.b.example', cert='other'),
                ask('x.b.example', cert='foreign'), ask('x.b.example', 'a.example', cert='client'),
                ask('c.example'), ask('c.example', cert='client'), ask('c.example', cert='other'), ask('c.example', cert='foreign'),
                ask('e.example', cert='client'), ask('e.example', cert='other'), ask('e.example', cert='wild'),
                ask('d.example'), ask('d.example', version=V.TLSv1_2), ask('f.example'), ask('f.example', version=V.TLSv1_3),
                ask('one.z.example'), ask('x.z.example'), ask('nobody.example'),
                ask('a.example', alpn=['http/1.1', 'h2']), ask('a.example', alpn=['http/1.1']),
            ]: print(line)
            """
        let theirs = try ask(cases, at: EnvoyScene.envoyHost, scene.gatewayPort)
        let ours = try ask(cases, at: EnvoyScene.proxyHost, scene.gatewayPort)
        #expect(ours == theirs)
        let lines = theirs.split(separator: "\n").map(String.init)
        try #require(lines.count == 24, "\(theirs)")
        #expect(lines[0].hasPrefix("('200', 'alpha-v1', 'TLSv1.3'"), "\(lines[0])")
        #expect(lines[0].contains("x-forwarded-proto: https"))
        #expect(lines[1].hasPrefix("('421'") && lines[2].hasPrefix("('421'") && lines[7].hasPrefix("('421'"))
        #expect(lines[4].hasPrefix("('200', 'beta-80'") && lines[4].contains("subject=\"cn=client\""))
        #expect([3, 6, 11, 13, 16, 18, 21].allSatisfy { lines[$0] == "refused" }, "\(lines)")
        #expect([8, 9, 10, 12, 14].allSatisfy { lines[$0].hasPrefix("('200'") }, "\(lines)")
        #expect(lines[17].contains("'TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'"), "\(lines[17])")
        #expect(lines[19].contains("'one'") && lines[20].contains("'two'"))
        #expect(lines[22] == "h2" && lines[23] == "http/1.1")
    }

    @Test func `both speak TLS to endpoints alike`() throws {
        try write(authority.issue("a", "DNS:a.example,DNS:*.w.example,URI:spiffe://a"), as: "plain")
        try write(authority.issue("m", "DNS:m.example"), as: "mutual")
        let (process, ports) = try startServers([("plain", false), ("mutual", true)])
        defer { Self.end(process) }
        let ca: (String, Value) = ("caCertificates", path("ca.pem"))
        let rules: [(String, String, [(String, Value)])] = [
            ("good", "plain", [("mode", "SIMPLE"), ("sni", "a.example"), ca]),
            ("wild", "plain", [("mode", "SIMPLE"), ("sni", "x.w.example"), ca]),
            ("name", "plain", [("mode", "SIMPLE"), ("sni", "b.example"), ca]),
            ("san", "plain", [("mode", "SIMPLE"), ("subjectAltNames", ["spiffe://a"]), ca]),
            ("nosan", "plain", [("mode", "SIMPLE"), ("subjectAltNames", ["spiffe://b"]), ca]),
            ("system", "plain", [("mode", "SIMPLE"), ("sni", "a.example")]),
            ("any", "plain", [("mode", "SIMPLE"), ("sni", "b.example"), ("insecureSkipVerify", true)]),
            ("uncertified", "mutual", [("mode", "SIMPLE"), ("sni", "m.example"), ca]),
            ("secret", "mutual", [("mode", "MUTUAL"), ("sni", "m.example"), ("credentialName", "client")]),
            (
                "files", "mutual",
                [
                    ("mode", "MUTUAL"), ("sni", "m.example"), ("clientCertificate", path("client.pem")),
                    ("privateKey", path("client.key")), ca,
                ]
            ),
        ]
        let credential = TLSScene.secret(
            "client",
            authority.issue("secretive", "DNS:secretive"),
            [("ca.crt", authority.identity.certificate)]
        )
        let scene = try EnvoyScene { _, _ in
            rules.flatMap { name, server, tls -> [Resource] in
                let spec: Value = .object([
                    ("host", .text(name)), ("trafficPolicy", .object([("tls", .object(tls))])),
                ])
                return Self.service(name, Int64(ports[server] ?? 0))
                    + [TestProxy.resource(.destinationRule, name, .object([("spec", spec)]))]
            } + [credential]
        }
        #expect(scene.warnings == [])
        var answered: [String] = []
        for (name, _, _) in rules {
            let request = GeneratedRequest(
                place: .init(listener: "mesh", authority: name),
                method: "GET",
                target: "/\(name)",
                fields: []
            )
            let theirs = try scene.throughEnvoy(request)
            let ours = try scene.throughProxy(request)
            #expect(ours == theirs, "\(name)")
            answered.append(theirs.status == 200 ? theirs.request : "\(name) \(theirs.status)")
        }
        #expect(
            answered == [
                "/good a.example -", "/wild x.w.example -", "name 503",
                "/san san.default.svc.cluster.local -", "nosan 503", "system 503", "/any b.example -",
                "uncertified 503", "/secret m.example secretive", "/files m.example client",
            ]
        )
    }
}

/// Proxies in front and behind, by an exported configuration. Skipped where there is no Envoy.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyProxyProtocolTests {
    @Test func `both take PROXY headers, send them, and believe as many proxies`() throws {
        let origin = try TestOrigin { connection, _ in
            let text = try connection.read(until: "\r\n\r\n")
            // Ports differ from one connection to another.
            let words = text.split(separator: "\r\n").first?.split(separator: " ").prefix(3) ?? []
            let forwarded = text.lowercased().filter { $0 != " " }.split(separator: "\r\n")
                .filter { $0.hasPrefix("x-forwarded-") }.sorted().joined(separator: " ")
            try connection.send(TestOrigin.response("\(words.joined(separator: " ")) \(forwarded)"))
        }
        let scene = try EnvoyScene { _, port in
            let annotation = #"{"gatewayTopology":{"proxyProtocol":{},"numTrustedProxies":1}}"#
            let gateway: Value = [
                "metadata": ["annotations": .object([(GatewayTopology.annotation, .text(annotation))])],
                "spec": [
                    "servers": [
                        [
                            "port": ["number": .integer(port), "name": "http", "protocol": "HTTP"],
                            "hosts": ["*"],
                        ]
                    ]
                ],
            ]
            let routes: Value = [
                "spec": [
                    "hosts": ["*"], "gateways": ["edge"],
                    "http": [["route": [["destination": ["host": "app"]]]]],
                ]
            ]
            let rule: Value = [
                "spec": ["host": "app", "trafficPolicy": ["proxyProtocol": ["version": "V1"]]]
            ]
            return EnvoyTLSTests.service("app", Int64(origin.port)) + [
                TestProxy.resource(.gateway, "edge", gateway),
                TestProxy.resource(.virtualService, "edge", routes),
                TestProxy.resource(.destinationRule, "app", rule),
            ]
        }
        #expect(scene.warnings == [])
        let answers = try [EnvoyScene.envoyHost, EnvoyScene.proxyHost].map { host in
            let connection = try TestConnection(to: "\(host):\(scene.gatewayPort)")
            try connection.send(
                "PROXY TCP4 9.8.7.6 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nHost: app\r\n"
                    + "X-Forwarded-For: 1.1.1.1,2.2.2.2\r\nX-Forwarded-Proto: https\r\n\r\n"
            )
            return try connection.readMessage().body
        }
        #expect(answers[1] == answers[0])
        #expect(
            answers[0]
                == "PROXY TCP4 9.8.7.6 x-forwarded-for:1.1.1.1,2.2.2.2,9.8.7.6 x-forwarded-proto:https"
        )
    }
}
