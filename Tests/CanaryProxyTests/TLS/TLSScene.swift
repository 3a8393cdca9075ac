// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization

@testable import CanaryProxy

/// A Gateway's port with TLS in front of `app`, and clients that come to it.
final class TLSScene {
    let port: UInt16
    let shell: Shell
    let authority: TestAuthority
    let proxy: TestProxy
    private let endpoints: [(version: String, port: UInt16)]
    private let messages: Messages

    private final class Messages: Sendable {
        let texts = Mutex<[String]>([])
        @Sendable func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    /// `servers` and `others` get the authority; a server is what it says besides its port.
    init(
        _ endpoints: [(version: String, port: UInt16)],
        configure: (inout ProxyConfiguration) -> Void = { _ in },
        topology: String? = nil,
        servers: [Value],
        routes: [(String, Value)]? = nil,
        _ others: (TestAuthority) throws -> [Resource]
    ) throws {
        self.endpoints = endpoints
        authority = TestAuthority()
        port = try TestOrigin.unusedPort()
        shell = try Shell()
        let messages = Messages()
        self.messages = messages
        let gateway = Self.gateway(servers, port, topology)
        let rest = try others(authority)
        proxy = try TestProxy(
            endpoints,
            resources: [gateway, Self.routes(routes)] + rest,
            configure: configure,
            warn: messages.add
        )
        self.gateway = gateway
        self.routes = Self.routes(routes)
        _ = try shell.scratch.write(authority.identity.certificate, to: "ca.pem")
    }

    /// Origins that end with the scene.
    var origins: [TestOrigin] = []
    private let gateway: Resource
    private let routes: Resource

    /// What the proxy warned of.
    var warnings: [String] { messages.texts.withLock { $0 } }

    /// Has the proxy go by other objects beside the Gateway and its VirtualService.
    func install(_ others: [Resource]) {
        proxy.proxy.install(
            TestProxy.table(endpoints, nil, [gateway, routes] + others, proxy.identifiers, revision: 2)
        )
        _ = proxy.proxy.waitUntilServed(milliseconds: 5000)
    }

    /// A server of protocol HTTPS.
    static func server(_ hosts: [String], _ tls: [(String, Value)], protocol: String = "HTTPS") -> Value {
        let port: Value = .object([("name", .text("p")), ("protocol", .text(`protocol`))])
        return .object([("port", port), ("hosts", .list(hosts.map(Value.text))), ("tls", .object(tls))])
    }

    private static func gateway(_ servers: [Value], _ port: UInt16, _ topology: String?) -> Resource {
        let numbered = servers.map { server -> Value in
            guard case .object(let fields) = server else { return server }
            return .object(
                fields.map { name, value in
                    guard name == "port", case .object(let port_) = value else { return (name, value) }
                    return (name, .object(port_ + [("number", .integer(Int64(port)))]))
                }
            )
        }
        let config = topology.map { Value.text("{\"gatewayTopology\": \($0)}") }
        let annotations = config.map { [("proxy.istio.io/config", $0)] } ?? []
        let metadata = Value.object([("annotations", .object(annotations))])
        return TestProxy.resource(
            .gateway,
            "edge",
            .object([("metadata", metadata), ("spec", .object([("servers", .list(numbered))]))])
        )
    }

    private static func routes(_ fields: [(String, Value)]?) -> Resource {
        let toApp: Value = [["route": [["destination": ["host": "app"]]]]]
        let spec: [(String, Value)] =
            [("hosts", ["*"]), ("gateways", ["edge"])] + (fields ?? [("http", toApp)])
        return TestProxy.resource(.virtualService, "edge", .object([("spec", .object(spec))]))
    }

    static func secret(
        _ name: String,
        _ identity: TestAuthority.Identity?,
        _ others: [(String, String)] = []
    ) -> Resource {
        let own = identity.map { [("tls.crt", $0.certificate), ("tls.key", $0.key)] } ?? []
        let data = (own + others).map { ($0, Value.text($1)) }
        return TestProxy.resource(.secret, name, .object([("stringData", .object(data))]))
    }

    /// Runs Python with `connect(name, **settings)`, which gives a TLS connection to the port, `ask(connection)`, and `pause()`,
    /// during which `meanwhile` is done; what it printed.
    func python(_ script: String, meanwhile: () throws -> Void = {}) throws -> String {
        let text = """
            import os, socket, ssl, time
            def pause():
                open('paused', 'w').close()
                while os.path.exists('paused'): time.sleep(0.005)
            def connect(name='a.example', version=None, cert=None, session=None, alpn=None, most=None, ciphers=None):
                c = ssl.create_default_context(cafile='ca.pem')
                c.minimum_version = ssl.TLSVersion.TLSv1
                if version: c.minimum_version = c.maximum_version = version
                if most: c.maximum_version = most
                if ciphers: c.set_ciphers(ciphers)
                if cert: c.load_cert_chain(cert + '.pem', cert + '.key')
                if alpn: c.set_alpn_protocols(alpn)
                s = socket.create_connection(('127.0.0.1', \(port)), 20)
                return (session[1] if session else c).wrap_socket(s, server_hostname=name, session=session[0] if session else None)
            def ask(c, host='a.example', path='/', more=''):
                c.sendall(f'GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n{more}\\r\\n'.encode())
                head = b''
                while b'\\r\\n\\r\\n' not in head:
                    piece = c.recv(65536)
                    if not piece: raise EOFError
                    head += piece
                head, body = head.split(b'\\r\\n\\r\\n', 1)
                length = [int(l.split(b':')[1]) for l in head.split(b'\\r\\n') if l.lower().startswith(b'content-length')][0]
                while len(body) < length: body += c.recv(65536)
                return int(head.split()[1]), body.decode()
            class Records:
                \"\"\"TLS whose records are sent as the test likes.\"\"\"
                def __init__(self, name='a.example'):
                    self.i, self.o = ssl.MemoryBIO(), ssl.MemoryBIO()
                    self.s = socket.create_connection(('127.0.0.1', \(port)), 20)
                    self.t = ssl.create_default_context(cafile='ca.pem').wrap_bio(self.i, self.o, server_hostname=name)
                    while True:
                        try: self.t.do_handshake(); break
                        except ssl.SSLWantReadError:
                            self.s.sendall(self.o.read()); self.i.write(self.s.recv(65536))
                    self.s.sendall(self.o.read())
                def record(self, data): self.t.write(data); return self.o.read()
                def end(self):
                    try: self.t.unwrap()
                    except ssl.SSLError: pass
                    return self.o.read()
                def recv(self):
                    while True:
                        try: return self.t.read(65536)
                        except ssl.SSLWantReadError:
                            piece = self.s.recv(65536)
                            if not piece: return b''
                            self.i.write(piece)
            def outcome(body):
                try: return body()
                except (OSError, EOFError) as e: return type(e).__name__ + ' ' + (getattr(e, 'reason', None) or '')
            \(script)
            """
        _ = try shell.scratch.write(text, to: "client.py")
        let process = try shell.start("exec python3 -W ignore client.py > said 2>&1")
        let (pause, said) = (shell.scratch.path("paused"), shell.scratch.path("said"))
        while waitpid(process, nil, WNOHANG) == 0 {
            if access(pause, F_OK) == 0 {
                try meanwhile()
                unlink(pause)
            }
            poll(nil, 0, 5)
        }
        return String(decoding: try FileReader.read(path: said).get(), as: UTF8.self)
    }

    func write(_ identity: TestAuthority.Identity, as name: String) throws {
        _ = try shell.scratch.write(identity.certificate, to: "\(name).pem")
        _ = try shell.scratch.write(identity.key, to: "\(name).key")
    }
}
