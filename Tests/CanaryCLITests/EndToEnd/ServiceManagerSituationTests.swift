// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// A proxy that a service manager runs: sockets that it opened, what it hears, and upgrades of the program's file.
@Suite(.serialized, .enabled(if: hasPrograms("python3"), "python3 stands for the service manager"))
struct ServiceManagerSituationTests {
    private let scratch: ScratchDirectory
    private let server: VersionServer

    init() throws {
        scratch = try ScratchDirectory()
        server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
    }

    /// Opens sockets of some names, tells their ports, and becomes the proxy.
    private static let manager = """
        import os, socket, sys
        names, program = sys.argv[1].split(":"), sys.argv[2]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
        print(*[s.getsockname()[1] for s in sockets], flush=True)
        copies = [os.dup(s.fileno()) for s in sockets]
        for number, copy in enumerate(copies): os.dup2(copy, 100 + number)
        for number in range(len(names)): os.dup2(100 + number, 3 + number, inheritable=True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=sys.argv[1])
        os.execv(program, [program] + sys.argv[3:])
        """

    /// Starts a proxy with passed sockets; their addresses, in the order of the names.
    private func start(_ names: String, _ environment: [String] = []) throws -> (Program, [String]) {
        let program = try Program(
            [
                "python3", "-c", Self.manager, names, Program.path, "proxy", "--workers", "2", "--admin",
                "127.0.0.1:0",
            ],
            in: scratch,
            executable: "/usr/bin/env",
            environment: environment
        )
        #expect(eventually { program.errors.contains("admin on ") }, "\(program.errors)")
        return (program, program.output.split(whereSeparator: \.isWhitespace).map { "127.0.0.1:\($0)" })
    }

    private func ask(_ address: String, _ host: String = "helloworld") throws -> Loopback.Message? {
        let client = try Loopback(to: address)
        client.send("GET / HTTP/1.1\r\nhost: \(host)\r\n\r\n")
        return client.receive()
    }

    @Test func `sockets of the manager are used, passed on, and there for Gateways that come later`() throws {
        let (proxy, addresses) = try start("listen:admin:other")
        #expect(proxy.errors.contains("listening on \(addresses[0])\n"), "\(proxy.errors)")
        #expect(proxy.errors.contains("admin on \(addresses[1])\n"), "\(proxy.errors)")
        #expect(try ask(addresses[0])?.body == "v1")
        proxy.signal(SIGUSR2)
        #expect(try proxy.end().status == 0, "\(proxy.errors)")
        #expect(try ask(addresses[0])?.body == "v1")
        let port = addresses[2].split(separator: ":")[1]
        let gateway = """
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge}
            spec: {servers: [{port: {name: http, number: \(port), protocol: HTTP}, hosts: ["*"]}]}
            """
        try Scene.succeed(
            "apply",
            "-f",
            scratch.write(gateway, to: "gateway.yaml"),
            "--wait=30s",
            in: scratch
        )
        #expect(try Scene.proxyStatus(in: scratch).contains(addresses[2]))
        #expect(try ask(addresses[2])?.startLine.contains(" 404 ") == true)
        #expect(try Program.run("down", in: scratch).status == 0)
    }

    @Test func `the manager hears when the service is ready, reloads and stops, and that it is well`() throws
    {
        let notify = try NotifySocket(in: scratch)
        let (proxy, _) = try start("listen", ["NOTIFY_SOCKET=\(notify.path)", "WATCHDOG_USEC=100000"])
        #expect(notify.hears("READY=1"))
        #expect(notify.hears("WATCHDOG=1"))
        proxy.signal(SIGUSR2)
        #expect(notify.hears("RELOADING=1"))
        // Of the old process, which is the one that the manager believes; then of the new one.
        #expect(notify.hears("MAINPID="))
        #expect(notify.hears("READY=1"), "\(proxy.errors)")
        #expect(try proxy.end().status == 0)
        #expect(notify.hears("WATCHDOG=1"))
        #expect(notify.messages.allSatisfy { !$0.contains("STOPPING") })
        #expect(try Program.run("down", in: scratch).status == 0)
        #expect(notify.hears("STOPPING=1"))
    }

    @Test
    func `a program's file that is replaced by a bad one changes nothing, and by a good one is in service`()
        throws
    {
        let notify = try NotifySocket(in: scratch)
        let path = scratch.path("canaryctl")
        func install(_ command: String) throws {
            let ended = try Program(["-c", "rm -f \(path); \(command)"], in: scratch, executable: "/bin/sh")
                .end()
            try #require(ended.status == 0, "\(ended.errors)")
        }
        try install("cp \(Program.path) \(path)")
        let proxy = try Program(
            ["proxy"] + HandOverScene.words(1),
            in: scratch,
            executable: path,
            environment: ["NOTIFY_SOCKET=\(notify.path)"]
        )
        #expect(notify.hears("READY=1"), "\(proxy.errors)")
        #expect(eventually { proxy.errors.contains("admin on ") })
        let address = try Scene.listener(of: proxy)
        for bad in [
            "printf 'no program' >\(path)", "printf '#!/bin/sh\\nexit 3\\n' >\(path); chmod +x \(path)",
        ] {
            try install(bad)
            proxy.signal(SIGUSR2)
            #expect(notify.hears("STATUS=The hand-over failed: "), "\(proxy.errors)")
            #expect(try ask(address)?.field("connection") == nil)
        }
        try install("cp \(Program.path) \(path)")
        proxy.signal(SIGUSR2)
        #expect(try proxy.end().status == 0)
        #expect(try ask(address)?.body == "v1")
        #expect(try Program.run("down", in: scratch).status == 0)
    }
}
