// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Proxies in front that are believed what they say of clients.
@Suite(.timeLimit(.minutes(15))) struct ClientTrustTests {
    /// Answers with who the client is to routes, and what upstreams are told of it.
    private static func origin() throws -> TestOrigin {
        try TestOrigin { request in
            let names = ["x-client", "x-forwarded-for", "x-forwarded-proto"]
            return TestOrigin.response(names.map { request.field($0) ?? "-" }.joined(separator: " / "))
        }
    }

    private static let toApp: Value = [
        [
            "route": [["destination": ["host": "app"]]],
            "headers": ["request": ["set": ["x-client": "%DOWNSTREAM_REMOTE_ADDRESS%"]]],
        ]
    ]

    /// A port that a Gateway opens, with what its annotation says.
    private static func gateway(
        _ topology: String?,
        _ port: UInt16,
        redirects: Bool = false
    ) -> [Resource] {
        let server: Value = [
            "port": ["number": .integer(Int64(port)), "name": "http", "protocol": "HTTP"], "hosts": ["*"],
            "tls": ["httpsRedirect": .flag(redirects)],
        ]
        var metadata: [(String, Value)] = []
        if let topology {
            let text = Value.text("{\"gatewayTopology\": \(topology)}")
            metadata.append(("annotations", ["proxy.istio.io/config": text]))
        }
        let gateway: Value = ["metadata": .object(metadata), "spec": ["servers": .list([server])]]
        let routes: Value = ["spec": ["hosts": ["*"], "gateways": ["edge"], "http": toApp]]
        return [
            TestProxy.resource(.gateway, "edge", gateway),
            TestProxy.resource(.virtualService, "edge", routes),
        ]
    }

    private static func ask(_ address: String, _ fields: [String]) throws -> String {
        let connection = try TestConnection(to: address)
        let lines = fields.map { $0 + "\r\n" }.joined()
        try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\(lines)\r\n")
        return try connection.readMessage().body
    }

    @Test(
        arguments: [
            (0, ["1.1.1.1, 2.2.2.2"], "127.0.0.1", "1.1.1.1, 2.2.2.2, 127.0.0.1"),
            (1, ["1.1.1.1, 2.2.2.2"], "2.2.2.2:0", "1.1.1.1, 2.2.2.2, 127.0.0.1"),
            (2, ["1.1.1.1, 2.2.2.2"], "1.1.1.1:0", "1.1.1.1, 2.2.2.2, 127.0.0.1"),
            (3, ["1.1.1.1, 2.2.2.2"], "127.0.0.1", "1.1.1.1, 2.2.2.2, 127.0.0.1"),
            (3, ["1.1.1.1", "2.2.2.2 ,\t3.3.3.3"], "1.1.1.1:0", "1.1.1.1, 2.2.2.2 ,\t3.3.3.3, 127.0.0.1"),
            (1, ["1.1.1.1, 2001:db8::1"], "[2001:db8::1]:0", "1.1.1.1, 2001:db8::1, 127.0.0.1"),
            (1, ["1.1.1.1, unknown"], "127.0.0.1", "1.1.1.1, unknown, 127.0.0.1"),
            (1, ["1.1.1.1,"], "127.0.0.1", "1.1.1.1,, 127.0.0.1"), (1, [], "127.0.0.1", "127.0.0.1"),
        ]
    )
    func `the client is so many addresses from the end`(
        count: Int,
        forwarded: [String],
        client: String,
        told: String
    ) throws {
        let log = try LoggedRequests()
        let origin = try Self.origin()
        let proxy = try TestProxy([("v1", origin.port)], http: Self.toApp) {
            $0.limits.trustedProxies = count
            log.configure(&$0)
        }
        let answer = try Self.ask(proxy.address, forwarded.map { "X-Forwarded-For: \($0)" })
        let parts = answer.split(separator: " / ")
        // The connection's own port is the system's choice.
        #expect(client.hasSuffix(":0") ? parts[0] == client : parts[0].hasPrefix("\(client):"))
        #expect(parts[1] == told)
        proxy.stop()
        let address = client.hasSuffix(":0") ? client.dropLast(2).filter { !"[]".contains($0) } : client
        #expect(log.lines().allSatisfy { $0.contains("\"\(address)\"") })
    }

    @Test func `a Gateway says for itself how many are believed, and without any nobody is`() throws {
        let origin = try Self.origin()
        let fields = ["X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-Forwarded-Proto: https"]
        for (topology, option, expected) in [
            (nil, 0, "127.0.0.1 http"), ("{}", 1, "2.2.2.2 https"),
            ("{\"numTrustedProxies\": 2}", 0, "1.1.1.1 https"),
            ("{\"numTrustedProxies\": 0}", 2, "127.0.0.1 http"),
        ] {
            let port = try TestOrigin.unusedPort()
            let proxy = try TestProxy([("v1", origin.port)], resources: Self.gateway(topology, port)) {
                $0.limits.trustedProxies = option
            }
            let parts = try Self.ask("127.0.0.1:\(port)", fields).split(separator: " / ")
            let client = parts[0].prefix { $0 != ":" }
            #expect("\(client) \(parts[2])" == expected)
            proxy.stop()
        }
    }

    @Test func `a port that a Service opens believes nobody either`() throws {
        let box = Box()
        let origin = try TestOrigin { request in
            box.add(
                "\(request.field("x-forwarded-proto") ?? "-") \(request.field("x-forwarded-client-cert") ?? "none")"
            )
            return TestOrigin.response("")
        }
        let port = try TestOrigin.unusedPort()
        let ports: Value = [["name": "http", "port": 80, "nodePort": .integer(Int64(port))]]
        let service: Value = ["spec": ["type": "NodePort", "selector": ["app": "app"], "ports": ports]]
        let open = TestProxy.resource(.service, "open", service)
        let proxy = try TestProxy([("v1", origin.port)], resources: [open])
        defer { proxy.stop() }
        let forged = ["X-Forwarded-Proto: https", "X-Forwarded-Client-Cert: URI=spiffe://admin"]
        _ = try Self.ask("127.0.0.1:\(port)", forged)
        #expect(box.lines == ["http none"])
    }

    @Test func `a redirect to https spares what came to a trusted proxy that way`() throws {
        let origin = try Self.origin()
        let port = try TestOrigin.unusedPort()
        let resources = Self.gateway("{\"numTrustedProxies\": 1}", port, redirects: true)
        let proxy = try TestProxy([("v1", origin.port)], resources: resources)
        defer { proxy.stop() }
        for (field, status) in [
            ("X-Forwarded-Proto: https", 200), ("X-Forwarded-Proto: http", 301), ("A: b", 301),
        ] {
            let connection = try TestConnection(to: "127.0.0.1:\(port)")
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\(field)\r\n\r\n")
            #expect(try connection.readMessage().status == status, "\(field)")
        }
    }

    @Test func `useSourceIp goes by the client that is believed`() throws {
        let origins = try (0..<4).map { number in try TestOrigin(named: "\(number)") }
        let rule = RoutedScene.balancing(["consistentHash": ["useSourceIp": true]])
        let proxy = try TestProxy(origins.map { ("v1", $0.port) }, resources: [rule]) {
            $0.limits.trustedProxies = 1
        }
        let answers = try (1...40).map { try Self.ask(proxy.address, ["X-Forwarded-For: 192.0.2.\($0)"]) }
        let again = try (1...40).map { try Self.ask(proxy.address, ["X-Forwarded-For: 9, 192.0.2.\($0)"]) }
        #expect(answers == again)
        #expect(Set(answers).count > 1)
    }

    @Test func `a mirror is told of the client what the destination is`() throws {
        let box = Box()
        let mirror = try TestOrigin { request in
            box.add(
                "\(request.field("x-forwarded-for") ?? "-") \(request.field("x-forwarded-proto") ?? "-") "
                    + (request.field("x-forwarded-client-cert") ?? "none")
            )
            return TestOrigin.response("m")
        }
        let origin = try Self.origin()
        let port = try TestOrigin.unusedPort()
        var resources = Self.gateway("{\"numTrustedProxies\": 1}", port)
        let route: Value = [
            [
                "route": [["destination": ["host": "app", "subset": "v1"]]],
                "mirror": ["host": "app", "subset": "v2"],
            ]
        ]
        let spec: Value = ["spec": ["hosts": ["*"], "gateways": ["edge"], "http": route]]
        resources[1] = TestProxy.resource(.virtualService, "edge", spec)
        let proxy = try TestProxy([("v1", origin.port), ("v2", mirror.port)], resources: resources)
        let fields = [
            "X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https", "X-Forwarded-Client-Cert: forged",
        ]
        _ = try Self.ask("127.0.0.1:\(port)", fields)
        while box.lines.isEmpty { poll(nil, 0, 5) }
        #expect(box.lines == ["1.1.1.1, 127.0.0.1 https none"])
        proxy.stop()
    }

    private final class Box: Sendable {
        private let state = Mutex<[String]>([])
        var lines: [String] { state.withLock(\.self) }
        func add(_ line: String) { state.withLock { $0.append(line) } }
    }

    @Test(
        .enabled(if: Shell.finds("python3"), "python3 is not installed"),
        arguments: [
            ("UNDEFINED", "none own"), ("SANITIZE", "none none"), ("FORWARD_ONLY", "none said"),
            ("APPEND_FORWARD", "none said,own"), ("SANITIZE_SET", "none own"),
            ("ALWAYS_FORWARD_ONLY", "said said"),
        ]
    )
    func `certificates are told as the Gateway says, without one and with`(details: String, told: String)
        throws
    {
        let origin = try TestOrigin { request in
            TestOrigin.response(request.field("x-forwarded-client-cert") ?? "none")
        }
        var client: TestAuthority.Identity?
        let server = TLSScene.server(
            ["a.example"],
            [("mode", "OPTIONAL_MUTUAL"), ("credentialName", "a")]
        )
        let scene = try TLSScene(
            [("v1", origin.port)],
            topology: "{\"forwardClientCertDetails\": \"\(details)\"}",
            servers: [server]
        ) { authority in
            client = authority.issue("client", "DNS:client")
            let trust = [("ca.crt", authority.identity.certificate)]
            return [TLSScene.secret("a", authority.issue("a", "DNS:a.example"), trust)]
        }
        try scene.write(try #require(client), as: "client")
        let said = try scene.python(
            """
            import re
            for name in (None, 'client'):
                print(re.sub('Hash=.*', 'own', ask(connect(cert=name), more='X-Forwarded-Client-Cert: said\\r\\n')[1]))
            """
        )
        #expect(said.split(separator: "\n").joined(separator: " ") == told)
    }
}
