// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Gateways' servers for TLS that is not HTTP within, or not ended at all.
@Suite(.enabled(if: Shell.finds("python3"), "python3 is not installed")) struct TLSPassthroughTests {
    /// Servers of TLS of their own that echo, each with a certificate for the name under which it is known.
    private static func servers(_ names: [String], _ shell: Shell) throws -> (pid_t, [UInt16]) {
        let ports = try names.map { _ in try TestOrigin.unusedPort() }
        let script = """
            import socket, ssl, sys, threading
            def serve(name, port):
                c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                c.load_cert_chain(name + '.pem', name + '.key')
                l = socket.create_server(('127.0.0.1', port))
                def one(s):
                    try:
                        with c.wrap_socket(s, server_side=True) as t:
                            t.sendall(name.encode() + b'\\n')
                            while True:
                                b = t.recv(65536)
                                if not b: break
                                t.sendall(b)
                    except OSError: pass
                while True: threading.Thread(target=one, args=(l.accept()[0],), daemon=True).start()
            for name, port in zip(\(names), \(ports)): threading.Thread(target=serve, args=(name, port)).start()
            """
        _ = try shell.scratch.write(script, to: "server.py")
        let process = try shell.start("exec python3 server.py > server.log 2>&1")
        for port in ports { while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil { poll(nil, 0, 10) } }
        return (process, ports)
    }

    private static func route(_ names: [String], _ subsets: [(String, Int64)]) -> Value {
        let destinations = subsets.map { subset, weight -> Value in
            ["destination": ["host": "app", "subset": .text(subset)], "weight": .integer(weight)]
        }
        return ["match": [["sniHosts": .list(names.map(Value.text))]], "route": .list(destinations)]
    }

    @Test func `names choose where TLS goes that is not ended, a name before a wildcard`() throws {
        let shell = try Shell()
        let authority = TestAuthority()
        for name in ["one", "two"] {
            let identity = authority.issue(name, "DNS:one.example,DNS:*.z.example")
            _ = try shell.scratch.write(identity.certificate, to: "\(name).pem")
            _ = try shell.scratch.write(identity.key, to: "\(name).key")
        }
        let (process, ports) = try Self.servers(["one", "two"], shell)
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        let tls: Value = [
            Self.route(["*.z.example"], [("two", 1)]), Self.route(["one.z.example"], [("one", 1)]),
            Self.route(["both.z.example"], [("one", 1), ("two", 1)]),
        ]
        let passed = TLSScene.server(["*.z.example"], [("mode", "PASSTHROUGH")], protocol: "TLS")
        let ended = TLSScene.server(
            ["ended.example"],
            [("mode", "SIMPLE"), ("credentialName", "a")],
            protocol: "TLS"
        )
        let scene = try TLSScene(
            [("one", ports[0]), ("two", ports[1])],
            servers: [passed, ended],
            routes: [
                ("tls", tls), ("tcp", [["route": [["destination": ["host": "app", "subset": "two"]]]]]),
            ]
        ) { [TLSScene.secret("a", $0.issue("ended", "DNS:ended.example"))] }
        _ = try scene.shell.scratch.write(authority.identity.certificate, to: "ca.pem")
        let said = try scene.python(
            """
            import hashlib
            def name(sni): return connect(sni).recv(100).decode().strip()
            print(name('one.z.example'), name('ONE.z.example'), name('x.z.example'))
            print(sorted({name('both.z.example') for _ in range(60)}))
            c = connect('one.z.example')
            c.recv(100)
            data = os.urandom(3 << 20)
            import threading
            threading.Thread(target=lambda: c.sendall(data)).start()
            got = b''
            while len(got) < len(data): got += c.recv(1 << 20)
            print(got == data)
            print(outcome(lambda: connect('x.other')))
            # A hello that comes byte by byte.
            a, b = socket.socketpair()
            def relay(source, sink, slowly):
                count = 0
                while True:
                    piece = source.recv(1 if slowly and count < 300 else 65536)
                    if not piece: break
                    count += len(piece)
                    sink.sendall(piece)
            up = socket.create_connection(('127.0.0.1', \(scene.port)), 20)
            up.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair in ((b, up, True), (up, b, False)): threading.Thread(target=relay, args=pair, daemon=True).start()
            print(ssl.create_default_context(cafile='ca.pem').wrap_socket(a, server_hostname='one.z.example').recv(100).decode().strip())
            """
        )
        #expect(
            said == """
                one one two
                ['one', 'two']
                True
                ConnectionResetError\u{20}
                one

                """
        )
    }

    @Test func `an end right behind the last bytes is passed on`() throws {
        let origin = try TestOrigin { connection, _ in
            let text = connection.readToEnd()
            try connection.send("got \(text)")
        }
        let ended = TLSScene.server(
            ["a.example"],
            [("mode", "SIMPLE"), ("credentialName", "a")],
            protocol: "TLS"
        )
        let scene = try TLSScene(
            [("v1", origin.port)],
            servers: [ended],
            routes: [("tcp", [["route": [["destination": ["host": "app"]]]]])]
        ) { [TLSScene.secret("a", $0.issue("a", "DNS:a.example"))] }
        let said = try scene.python(
            """
            c = Records()
            c.s.sendall(c.record(b'all') + c.end())
            c.s.settimeout(20)
            raw = b''
            while True:
                piece = c.s.recv(65536)
                if not piece: break
                raw += piece
            print(len(raw) > 20)
            """
        )
        #expect(said == "True\n")
        #expect(origin.connections.load(ordering: .relaxed) == 1)
    }

    @Test func `bytes within TLS that is ended pass as behind a port for TCP`() throws {
        let origin = try TestOrigin { connection, _ in
            while true { try connection.send(connection.read(1)) }
        }
        let ended = TLSScene.server(
            ["a.example"],
            [("mode", "SIMPLE"), ("credentialName", "a")],
            protocol: "TLS"
        )
        let scene = try TLSScene(
            [("v1", origin.port)],
            servers: [ended],
            routes: [("tcp", [["route": [["destination": ["host": "app"]]]]])]
        ) { [TLSScene.secret("a", $0.issue("a", "DNS:a.example"))] }
        let said = try scene.python(
            "c = connect(); c.sendall(b'hello'); print(b''.join(c.recv(1) for _ in range(5)).decode())"
        )
        #expect(said == "hello\n")
    }
}
