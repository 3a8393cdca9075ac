// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// PROXY headers from and to programs that others wrote.
@Suite(.timeLimit(.minutes(15))) struct ProxyHeaderPeerTests {
    /// Answers with what it is told of clients.
    private static func origin() throws -> TestOrigin {
        try TestOrigin { request in
            TestOrigin.response(request.field("x-forwarded-for") ?? "-")
        }
    }

    /// HAProxy in front of a port, where it listens; ended with the value.
    private final class HAProxy {
        let port: UInt16
        private let process: pid_t

        init(_ shell: Shell, to target: String, mode: String, _ options: String) throws {
            port = try TestOrigin.unusedPort()
            let text = """
                defaults
                  mode \(mode)
                  timeout connect 50s
                  timeout client 50s
                  timeout server 50s
                listen front
                  bind 127.0.0.1:\(port)
                  server proxy \(target) \(options)

                """
            let name = "haproxy-\(port)"
            _ = try shell.scratch.write(text, to: "\(name).cfg")
            process = try ProxyHeaderPeerTests.start(shell, "haproxy -db -f \(name).cfg", port: port)
        }

        deinit { ProxyHeaderPeerTests.end(process) }
    }

    @Test(
        .enabled(if: Shell.finds("haproxy"), "haproxy is not installed"),
        arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"]
    )
    func `HAProxy says whose requests it passes on`(option: String) throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)]) { $0.proxyHeaderListeners = [.mesh] }
        let shell = try Shell()
        // The header names the client, which the test tells from HAProxy by its address.
        let front = try HAProxy(shell, to: proxy.address, mode: "http", "\(option) source 127.0.0.7")
        let client = try TestConnection(to: "127.0.0.1:\(front.port)")
        for _ in 0..<3 {
            try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try client.readMessage().body == "127.0.0.1")
        }
        // HAProxy's own checks would be LOCAL.
        let checked = try HAProxy(
            shell,
            to: proxy.address,
            mode: "http",
            "\(option) check inter 10 check-send-proxy"
        )
        let other = try TestConnection(to: "127.0.0.1:\(checked.port)")
        try other.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try other.readMessage().body == "127.0.0.1")
    }

    @Test(
        .enabled(
            if: Shell.finds("haproxy") && Shell.finds("python3"),
            "haproxy or python3 is not installed"
        ),
        arguments: ["send-proxy", "send-proxy-v2"]
    )
    func `the header comes before TLS, which ends here or is passed on`(option: String) throws {
        let origin = try Self.origin()
        let ended = TLSScene.server(["a.example"], [("mode", "SIMPLE"), ("credentialName", "a")])
        let passed = TLSScene.server(["b.example"], [("mode", "PASSTHROUGH")], protocol: "TLS")
        let scene = try TLSScene(
            [("v1", origin.port)],
            configure: { $0.proxyHeaderListeners = [.gateway] },
            servers: [ended, passed],
            routes: [
                ("http", [["route": [["destination": ["host": "app"]]]]]),
                (
                    "tls",
                    [
                        [
                            "match": [["sniHosts": ["b.example"]]],
                            "route": [["destination": ["host": "app"]]],
                        ]
                    ]
                ),
            ]
        ) { [TLSScene.secret("a", $0.issue("a", "DNS:a.example"))] }
        let front = try HAProxy(
            scene.shell,
            to: "127.0.0.1:\(scene.port)",
            mode: "tcp",
            "\(option) source 127.0.0.7"
        )
        let said = try scene.python(
            """
            def through(name, alpn):
                c = ssl.create_default_context(cafile='ca.pem')
                c.set_alpn_protocols(alpn)
                s = socket.create_connection(('127.0.0.1', \(front.port)), 20)
                return c.wrap_socket(s, server_hostname=name)
            print(ask(through('a.example', ['http/1.1'])))
            # What is passed on is not TLS to an origin that speaks none: the hello reaches it, and its answer comes.
            s = socket.create_connection(('127.0.0.1', \(front.port)), 20)
            i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
            t = ssl.create_default_context().wrap_bio(i, o, server_hostname='b.example')
            try: t.do_handshake()
            except ssl.SSLWantReadError: pass
            s.sendall(o.read() + b'\\r\\n\\r\\n')
            print(s.recv(65536)[:9])
            """
        )
        #expect(said == "(200, '127.0.0.1')\nb'HTTP/1.1 '\n")
    }

    @Test(.enabled(if: Shell.finds("curl"), "curl is not installed"))
    func `curl sends a header, and HTTP/2 behind it`() throws {
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)]) { $0.proxyHeaderListeners = [.mesh] }
        let shell = try Shell()
        let said = try shell.run(
            """
            for version in --http1.1 --http2-prior-knowledge; do
              curl -sS --max-time 50 $version --haproxy-protocol --interface 127.0.0.9 -H Host:\\ app \\
                -w ' %{http_version}\\n' http://\(proxy.address)/
            done
            """
        )
        #expect(said == "127.0.0.9 1.1\n127.0.0.9 2\n")
    }

    @Test(.enabled(if: Shell.finds("curl"), "curl is not installed"))
    func `the annotation of a Gateway asks for headers at its ports alone`() throws {
        let origin = try Self.origin()
        let port = try TestOrigin.unusedPort()
        let server: Value = [
            "port": ["number": .integer(Int64(port)), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
        ]
        let gateway = TestProxy.resource(
            .gateway,
            "edge",
            [
                "metadata": [
                    "annotations": ["proxy.istio.io/config": "{\"gatewayTopology\": {\"proxyProtocol\": {}}}"]
                ], "spec": ["servers": .list([server])],
            ]
        )
        let routes = TestProxy.resource(
            .virtualService,
            "edge",
            [
                "spec": [
                    "hosts": ["*"], "gateways": ["edge"],
                    "http": [["route": [["destination": ["host": "app"]]]]],
                ]
            ]
        )
        let proxy = try TestProxy([("v1", origin.port)], resources: [gateway, routes])
        let shell = try Shell()
        let said = try shell.run(
            "curl -sS --max-time 50 --haproxy-protocol --interface 127.0.0.9 http://127.0.0.1:\(port)/"
        )
        #expect(said == "127.0.0.9")
        #expect(try proxy.ask().body == "127.0.0.1")
    }

    // MARK: - Servers that expect them

    private static func start(_ shell: Shell, _ command: String, port: UInt16) throws -> pid_t {
        let process = try shell.start("exec \(command) > server.log 2>&1")
        while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil {
            guard waitpid(process, nil, WNOHANG) == 0 else { throw FlowFailure.unexpected("its end") }
            poll(nil, 0, 10)
        }
        return process
    }

    private static func end(_ process: pid_t) {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// Two clients that ask twice each; whether each is told its own address.
    private static func expectOwnAddresses(_ proxy: TestProxy) throws {
        let clients = try (0..<2).map { _ in try proxy.connect() }
        for _ in 0..<2 {
            for client in clients {
                try client.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
                let answer = try client.readMessage()
                #expect(answer.body == SocketAddress(boundTo: client.descriptor).text)
            }
        }
    }

    @Test(
        .enabled(if: Shell.finds("nginx"), "nginx is not installed"),
        arguments: ["V1", "V2"],
        ["", "http2", "ssl", "ssl http2"]
    )
    func `nginx hears of each client, over plain text, TLS and HTTP/2`(version: String, form: String) throws {
        let shell = try Shell()
        let port = try TestOrigin.unusedPort()
        let authority = TestAuthority()
        let identity = authority.issue("a", "DNS:a.example")
        for (name, text) in [
            ("a.pem", identity.certificate), ("a.key", identity.key),
            ("ca.pem", authority.identity.certificate),
        ] { _ = try shell.scratch.write(text, to: name) }
        let text = """
            daemon off; master_process off; pid nginx.pid; error_log error.log; events {}
            http {
              access_log off;
              client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
              scgi_temp_path t5;
              server {
                listen 127.0.0.1:\(port) \(form) proxy_protocol;
                \(form.hasPrefix("ssl") ? "ssl_certificate a.pem; ssl_certificate_key a.key;" : "")
                location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port"; }
              }
            }
            """
        _ = try shell.scratch.write(text, to: "nginx.conf")
        let process = try Self.start(shell, "nginx -p . -c nginx.conf", port: port)
        defer { Self.end(process) }
        var policy: [(String, Value)] = []
        if form.hasPrefix("ssl") {
            let ca = Value.text(shell.scratch.path("ca.pem"))
            policy.append(("tls", ["mode": "SIMPLE", "sni": "a.example", "caCertificates": ca]))
        }
        if form.hasSuffix("http2") {
            policy.append(("connectionPool", ["http": ["h2UpgradePolicy": "UPGRADE"]]))
        }
        let rule = ProxyHeaderOutTests.rule("app", version, policy)
        let proxy = try TestProxy([("v1", port)], resources: [rule])
        try Self.expectOwnAddresses(proxy)
        #expect(proxy.proxy.problems == [])
    }

    @Test(
        .enabled(if: Shell.finds("haproxy"), "haproxy is not installed"),
        arguments: ["V1", "V2"],
        ["", "proto h2"]
    )
    func `HAProxy hears of each client`(version: String, form: String) throws {
        let shell = try Shell()
        let port = try TestOrigin.unusedPort()
        let text = """
            defaults
              mode http
              timeout connect 50s
              timeout client 50s
              timeout server 50s
            listen back
              bind 127.0.0.1:\(port) accept-proxy \(form)
              http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]"

            """
        _ = try shell.scratch.write(text, to: "haproxy.cfg")
        let process = try Self.start(shell, "haproxy -db -f haproxy.cfg", port: port)
        defer { Self.end(process) }
        let pool: Value = ["http": ["h2UpgradePolicy": form.isEmpty ? "DEFAULT" : "UPGRADE"]]
        let rule = ProxyHeaderOutTests.rule("app", version, [("connectionPool", pool)])
        try Self.expectOwnAddresses(try TestProxy([("v1", port)], resources: [rule]))
    }
}
