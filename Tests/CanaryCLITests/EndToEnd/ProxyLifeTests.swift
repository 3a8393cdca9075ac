// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import CLinux
import Glibc
import Testing

@testable import CanaryCLI

/// What people are told of running proxies, and how these live beside others, with logs that are moved and stores that are not
/// what they were.
@Suite(.serialized) struct ProxyLifeTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
    }

    // MARK: - What is not as it was asked for

    @Test func `a port that is taken is told at the start, on every page, and until it is free`() throws {
        let (taken, address) = try Loopback.listen()
        var isTaken = true
        defer { if isTaken { close(taken) } }
        let port = address.split(separator: ":")[1]
        let gateway = """
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge}
            spec:
              servers:
              - port: {name: http, number: \(port), protocol: HTTP}
                hosts: ["*"]
            """
        try Scene.createHelloworld(in: scratch)
        try Scene.succeed("create", "-f", scratch.write(gateway, to: "gateway.yaml"), in: scratch)
        let proxy = try Scene.detachProxy(in: scratch)
        defer { _ = try? Program.run("down", in: scratch) }
        #expect(proxy.started.errors.contains("warning: "), "\(proxy.started.errors)")
        #expect(proxy.started.errors.contains(address), "\(proxy.started.errors)")
        #expect(try Scene.proxyStatus(in: scratch).contains("1 problem"))
        let described = try Program.run("describe", in: scratch).output
        #expect(described.contains("1 proxy, 1 with problems"), "\(described)")
        #expect(described.contains(address), "\(described)")
        let changed = try Program.run("set-weight", "helloworld", "v2", "30", "--wait=30s", in: scratch)
        #expect(changed.status == 0)
        #expect(changed.errors.contains(address), "\(changed.errors)")
        close(taken)
        isTaken = false
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("up to date") })
        _ = try Loopback(to: address)
    }

    @Test(arguments: [([], 0), (["--max-connections", "1000"], 1), (["--max-connections", "100"], 0)])
    func `a proxy has as many descriptors as an administrator allows, and tells who asks for more`(
        _ options: [String],
        _ warnings: Int
    ) throws {
        let command = ["exec", Program.path, "proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        let line = "ulimit -Sn 64; ulimit -Hn 512; " + (command + options).joined(separator: " ")
        let proxy = try Program(["-c", line], in: scratch, executable: "/bin/sh")
        #expect(eventually { proxy.errors.contains("admin on") }, "\(proxy.errors)")
        let limits = String(
            decoding: try FileReader.read(path: "/proc/\(proxy.pid)/limits").get(),
            as: UTF8.self
        )
        let files = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        #expect(files?.split(separator: " ").dropFirst(3).prefix(2) == ["512", "512"])
        let told = proxy.errors.split(separator: "\n").count {
            $0.contains("512 descriptors are enough for 128 connections, not 1000")
        }
        #expect(told == warnings, "\(proxy.errors)")
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
    }

    @Test func `a proxy whose store is gone is stale`() throws {
        try Scene.createHelloworld(in: scratch)
        let proxy = try Scene.startProxy(in: scratch)
        #expect(try Scene.proxyStatus(in: scratch).contains("up to date"))
        for name in ["cluster.db", "cluster.db-wal", "cluster.db-shm"] {
            rename(scratch.path("store/\(name)"), scratch.path(name))
        }
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("stale since") })
        let described = try Program.run("describe", in: scratch).output
        #expect(described.contains("stale since") && !described.contains("up to date"), "\(described)")
        for name in ["cluster.db-wal", "cluster.db-shm", "cluster.db"] {
            rename(scratch.path(name), scratch.path("store/\(name)"))
        }
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("up to date") })
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func `a proxy that started on a full disk is known to run, and reports once there is room`() throws {
        let directory = scratch.path("store")
        mkdir(directory, 0o700)
        // A container may forbid it even to root.
        guard mount("tmpfs", directory, "tmpfs", 0, "size=600k,mode=700") == 0 else { return }
        defer { umount2(directory, Int32(MNT_DETACH)) }
        try Scene.createHelloworld(in: scratch)
        let filling = open(scratch.path("store/filling"), O_WRONLY | O_CREAT, 0o600)
        while write(filling, [UInt8](repeating: 0, count: 4096), 4096) > 0 {}
        close(filling)
        let proxy = try Scene.startProxy(in: scratch)
        let status = try Program.run("proxy-status", in: scratch)
        #expect(
            status.errors.contains("proxy \(proxy.pid) runs, but could not report yet"),
            "\(status.errors)"
        )
        #expect(!status.errors.contains("No proxy is running"))
        let described = try Program.run("describe", in: scratch).output
        #expect(described.contains("proxy \(proxy.pid) runs, but could not report yet"), "\(described)")
        #expect(!described.contains("no proxy is running"), "\(described)")
        unlink(scratch.path("store/filling"))
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("up to date") })
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
    }

    @Test func `what fails its health check is no endpoint for those who move traffic`() throws {
        let server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        // Nobody listens there any more.
        let (closed, address) = try Loopback.listen()
        close(closed)
        try Scene.succeed("register", "helloworld", address, "-l", "version=v2", in: scratch)
        let kept = try Program.run("set-weight", "helloworld", "v2", "1", in: scratch)
        #expect(!kept.errors.contains("will get 503"), "\(kept.errors)")
        try Scene.succeed(
            "register",
            "helloworld",
            server.address,
            "-l",
            "version=v1",
            "--health-check",
            "tcp",
            "--health-check-interval",
            "100ms",
            in: scratch
        )
        let proxy = try Scene.startProxy(in: scratch)
        #expect(
            try eventually {
                try Program.run("proxy-status", in: scratch).errors.contains("fails its health check")
            }
        )
        let moved = try Program.run("set-weight", "helloworld", "v2", "10", in: scratch)
        #expect(moved.errors.contains("10 % of requests will get 503"), "\(moved.errors)")
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
    }

    // MARK: - Logs

    @Test(arguments: [SIGHUP, SIGUSR1]) func `a log that was moved is opened again, and requests go on`(
        _ signal: Int32
    ) throws {
        let server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        let proxy = try Scene.detachProxy(in: scratch)
        defer { _ = try? Program.run("down", in: scratch) }
        let client = try Loopback(to: proxy.address)
        let log = scratch.path("store/proxy.log")
        rename(log, scratch.path("old.log"))
        for _ in 0..<2 {
            kill(proxy.pid, signal)
            client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
            #expect(client.receive()?.body == "v1")
        }
        #expect(
            eventually {
                let bytes = (try? FileReader.read(path: log).get()) ?? []
                return String(decoding: bytes, as: UTF8.self).contains("logs opened again")
            }
        )
    }

    // MARK: - Neighbours

    @Test func `each proxy of a store has a socket of its own`() throws {
        let first = try Scene.startProxy(in: scratch)
        let second = try Scene.startProxy(in: scratch)
        second.signal(SIGTERM)
        #expect(try second.end().status == 0)
        let control = try Loopback(socket: scratch.path("store/admin-\(first.pid).sock"))
        control.send("POST /drain HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
        #expect(control.receive()?.startLine.contains(" 200 ") == true)
        #expect(try first.end().status == 0)
    }

    @Test func `down ends every proxy of a store`() throws {
        let proxies = try [Scene.startProxy(in: scratch), Scene.startProxy(in: scratch)]
        let down = try Program(["down"], in: scratch)
        for proxy in proxies { #expect(try proxy.end().status == 0) }
        let ended = try down.end()
        #expect(ended.status == 0, "\(ended.errors)")
        for proxy in proxies { #expect(ended.output.contains("proxy stopped, pid \(proxy.pid)\n")) }
    }

    @Test func `down finds a proxy that cannot report, as its store is damaged`() throws {
        try scratch.write("no database", to: "store/cluster.db")
        chmod(scratch.path("store"), 0o700)
        mkdir(scratch.path("store/runtime.db"), 0o700)
        let proxy = try Program(
            ["proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", "1"],
            in: scratch
        )
        // From its first socket on, long before it serves.
        let socket = scratch.path("store/admin-\(proxy.pid).sock")
        #expect(eventually { access(socket, F_OK) == 0 }, "\(proxy.errors)")
        let down = try Program(["down"], in: scratch)
        #expect(try proxy.end().status == 0)
        let ended = try down.end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output == "proxy stopped, pid \(proxy.pid)\n", "\(ended.errors)")
    }

    // MARK: - Waiting

    @Test func `a change that was waited for is served by every worker`() throws {
        let servers = try [VersionServer("v1"), VersionServer("v2")]
        try Scene.createHelloworld(in: scratch)
        for (server, version) in zip(servers, ["v1", "v2"]) {
            try Scene.succeed(
                "register",
                "helloworld",
                server.address,
                "-l",
                "version=\(version)",
                in: scratch
            )
        }
        let proxy = try Scene.startProxy(workers: 16, in: scratch)
        // The kernel spreads connections over the workers.
        let address = try Scene.listener(of: proxy)
        let clients = try (0..<64).map { _ in try Loopback(to: address) }
        for version in ["v1", "v2", "v1"] {
            try Scene.succeed("set-weight", "helloworld", version, "100", "--wait=30s", in: scratch)
            for client in clients { client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n") }
            #expect(clients.map { $0.receive()?.body ?? "" } == clients.map { _ in version })
        }
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
    }

    @Test func `revisions that a restored backup has undone count for nothing`() throws {
        let scene = try Scene()
        let store = scene.scratch.path("store")
        let names = ["cluster.db", "cluster.db-wal"]
        let backup = try names.map { try FileReader.read(path: "\(store)/\($0)").get() }
        for share in ["20", "30", "40"] {
            try scene.run("set-weight", "helloworld", "v2", share, "--wait=30s")
        }
        scene.proxy.signal(SIGSTOP)
        for (name, bytes) in zip(names, backup) {
            try scene.scratch.write(bytes, to: "restored")
            rename(scene.scratch.path("restored"), "\(store)/\(name)")
        }
        unlink("\(store)/cluster.db-shm")
        let early = try Program.run(
            "set-weight",
            "helloworld",
            "v2",
            "100",
            "--wait=100ms",
            in: scene.scratch
        )
        #expect(early.status == 124, "\(early.errors)")
        let pages = try [["proxy-status"], ["describe"]].map {
            try Program($0, in: scene.scratch).end().output
        }
        #expect(pages.allSatisfy { $0.contains("not yet at revision 4") }, "\(pages)")
        scene.proxy.signal(SIGCONT)
        try scene.run("set-weight", "helloworld", "v2", "100", "--reason", "again", "--wait=30s")
        #expect(
            try eventually {
                try Program.run("proxy-status", in: scene.scratch).output.contains("up to date")
            }
        )
        #expect(try scene.countOfV2(among: 50) == 50)
    }
}
