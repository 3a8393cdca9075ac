// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// What only shows between processes: signals, pipes, and several writers.
@Suite(.serialized) struct EndToEndProcessTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
    }

    // MARK: - Streams

    @Test func `a reader that goes away early is no error`() throws {
        try Scene.createHelloworld(in: scratch)
        var ends: [Int32] = [-1, -1]
        try #require(canary_pipe2(&ends, O_CLOEXEC) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let ended = try Program(["get", "all", "-o", "yaml"], in: scratch, output: ends[1]).end()
        #expect(ended.status == 0)
        #expect(ended.errors.isEmpty)
    }

    @Test func `a full disk under standard output is an error`() throws {
        try Scene.createHelloworld(in: scratch)
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let ended = try Program(["get", "all"], in: scratch, output: full).end()
        #expect(ended.status == 1)
        #expect(
            ended.errors
                == "error: cannot write to standard output: no space left on device\nhint: free some space and try again\n"
        )
    }

    // MARK: - Watching

    @Test func `get and describe show what changes until they are interrupted`() throws {
        try Scene.createHelloworld(in: scratch)
        let list = try Program(["get", "virtualservices", "-w", "-o", "name"], in: scratch)
        let page = try Program(["describe", "helloworld", "-w"], in: scratch)
        #expect(eventually { list.output.split(separator: "\n").count == 1 }, "\(list.errors)")
        #expect(eventually { page.output.contains("10.0 %") }, "\(page.errors)")
        try Scene.succeed("set-weight", "helloworld", "v2", "35", in: scratch)
        #expect(eventually { list.output.split(separator: "\n").count == 2 }, "\(list.errors)")
        #expect(eventually { page.output.contains("35.0 %") }, "\(page.errors)")
        for watcher in [list, page] {
            watcher.signal(SIGINT)
            #expect(try watcher.end().status == 130)
        }
    }

    @Test func `a watch tells which event it is, an object a line from the first`() throws {
        try Scene.createHelloworld(in: scratch)
        let lines = try Program(["get", "virtualservices", "-w", "-o", "json"], in: scratch)
        let rows = try Program(["get", "virtualservices", "-w"], in: scratch)
        let names = try Program(["get", "vs", "-w", "-o", "jsonpath={.metadata.name}"], in: scratch)
        for watcher in [lines, rows, names] {
            #expect(eventually { watcher.output.contains("helloworld") }, "\(watcher.errors)")
        }
        try Scene.succeed("set-weight", "helloworld", "v2", "35", in: scratch)
        try Scene.succeed("delete", "vs", "helloworld", in: scratch)
        #expect(eventually { names.output.split(separator: "\n").count >= 2 }, "\(names.errors)")
        #expect(eventually { lines.output.contains("DELETED") && rows.output.contains("DELETED") })
        for line in lines.output.split(separator: "\n") {
            let event = try JSONReader.read(Array(line.utf8))
            #expect(["ADDED", "MODIFIED", "DELETED"].contains(event["type"]?.string))
            #expect(event["object"]?["kind"]?.string == "VirtualService")
        }
        #expect(rows.output.hasPrefix("EVENT      NAME         GATEWAYS   HOSTS        AGE\nADDED"))
        #expect(names.output.split(separator: "\n").allSatisfy { $0 == "helloworld" })
        for watcher in [lines, rows, names] {
            watcher.signal(SIGINT)
            #expect(try watcher.end().status == 130)
        }
    }

    // MARK: - Writers

    @Test func `fifty set-weights at once lose nothing`() throws {
        try Scene.createHelloworld(in: scratch)
        var shares = (1...50).map { "\($0).5" }
        // A busy store says so and may simply be asked again.
        while !shares.isEmpty {
            let running = try shares.map { share in
                (share, try Program(["set-weight", "helloworld", "v2", share], in: scratch))
            }
            shares = try running.compactMap { share, program in
                let ended = try program.end()
                #expect([0, 75].contains(ended.status), "\(ended.errors)")
                return ended.status == 75 ? share : nil
            }
        }
        let history = try Program.run("history", "helloworld", "-o", "json", in: scratch)
        let summaries = history.output.split(separator: "\n").filter { $0.contains("\"summary\"") }
        #expect(summaries.count == 51)
        for share in 1...50 { #expect(summaries.contains { $0.contains("→ \(share).5 %") }) }
        #expect(Set(summaries).count == 51)
    }

    @Test func `a killed writer leaves the last commit`() throws {
        try Scene.createHelloworld(in: scratch)
        for round in 0..<10 {
            let writer = try Program(["set-weight", "helloworld", "v2", "\(round + 20)"], in: scratch)
            poll(nil, 0, Int32(round * 4))
            writer.signal(SIGKILL)
            _ = try writer.end()
            let weights = try Program.run(
                "get",
                "vs",
                "helloworld",
                "-o",
                "jsonpath={.spec.http[0].route[*].weight}",
                in: scratch
            )
            #expect(weights.status == 0, "\(weights.errors)")
            #expect(weights.output.split(separator: " ").compactMap { Int($0) }.reduce(0, +) == 100)
        }
        try Scene.succeed("set-weight", "helloworld", "v2", "99", in: scratch)
    }

    @Test func `a store that somebody else changes for long is busy`() throws {
        try Scene.createHelloworld(in: scratch)
        let lock = open(scratch.path("store/lock"), O_RDWR | O_CLOEXEC)
        try #require(lock >= 0)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let ended = try Program.run("set-weight", "helloworld", "v2", "20", in: scratch)
        #expect(ended.status == 75)
        #expect(ended.errors.hasSuffix("is changing it\nhint: try again\n"), "\(ended.errors)")
        #expect(ended.output.isEmpty)
    }

    // MARK: - Proxies

    @Test(arguments: [SIGTERM, SIGINT]) func `a signal drains the proxy and ends it well`(_ signal: Int32)
        throws
    {
        let proxy = try Scene.startProxy(in: scratch)
        proxy.signal(signal)
        let ended = try proxy.end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try Program.run("proxy-status", in: scratch).errors.hasPrefix("No proxy is running."))
    }

    @Test func `a second interrupt ends a proxy that still drains`() throws {
        let scene = try Scene()
        let held = try Loopback(to: try Scene.listener(of: scene.proxy))
        held.send("GET /hold HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        #expect(eventually { scene.v1.heldRequests + scene.v2.heldRequests == 1 })
        scene.proxy.signal(SIGINT)
        #expect(eventually { scene.proxy.errors.contains("draining") })
        scene.proxy.signal(SIGINT)
        #expect(try scene.proxy.end().status == 130)
    }

    @Test func `a change waits for proxies no longer than it may`() throws {
        let scene = try Scene()
        scene.proxy.signal(SIGSTOP)
        let ended = try Program.run("set-weight", "helloworld", "v2", "30", "--wait=100ms", in: scene.scratch)
        #expect(ended.status == 124)
        #expect(ended.output.hasPrefix("virtualservice.networking.istio.io/helloworld configured\n"))
        #expect(
            ended.errors.contains("stored as revision 4, but not every proxy serves it yet"),
            "\(ended.errors)"
        )
        scene.proxy.signal(SIGCONT)
        try scene.run("set-weight", "helloworld", "v2", "40", "--wait=30s")
    }

    @Test func `down gives up after its time`() throws {
        let scene = try Scene()
        let held = try Loopback(to: try Scene.listener(of: scene.proxy))
        held.send("GET /hold HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        #expect(eventually { scene.v1.heldRequests + scene.v2.heldRequests == 1 })
        let down = try Program.run("down", "--timeout", "100ms", in: scene.scratch)
        #expect(down.status == 124)
        #expect(down.errors.contains("still runs after 100ms"), "\(down.errors)")
    }

    @Test func `a detached proxy serves until down`() throws {
        let server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        let proxy = try Scene.detachProxy(in: scratch)
        #expect(proxy.started.output.hasPrefix("proxy started, pid "))
        let client = try Loopback(to: proxy.address)
        client.send("GET / HTTP/1.1\r\nhost: helloworld\r\nconnection: close\r\n\r\n")
        #expect(client.receive()?.body == "v1")
        let described = try Program.run("describe", in: scratch)
        #expect(described.output.contains("1 proxy, up to date"))
        let down = try Program.run("down", in: scratch)
        #expect(down.status == 0, "\(down.errors)")
        #expect(down.output.hasPrefix("proxy stopped, pid "))
        #expect(throws: (any Error).self) { try Loopback(to: proxy.address) }
    }

    @Test func `starting and stopping in the background report in machine forms too`() throws {
        let options = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "-ojson"]
        let started = try Program(["proxy", "--detach"] + options, in: scratch).end()
        #expect(started.status == 0, "\(started.errors)")
        let start = try JSONReader.read(started.output)
        #expect(start["kind"]?.string == "ProxyStart")
        let address = try #require(start["listeners"]?.items.first?.string)
        _ = try Loopback(to: address)
        let stop = try JSONReader.read(Program.run("down", "-o", "json", in: scratch).output)
        #expect(stop["items"]?.items.first?["pid"] == start["pid"])
        #expect(stop["items"]?.items.first?["stopped"]?.bool == true)
        #expect(throws: (any Error).self) { try Loopback(to: address) }
        let none = try JSONReader.read(Program.run("down", "-o", "json", in: scratch).output)
        #expect(none["items"]?.items.isEmpty == true)
        #expect(try Program.run("proxy", "-o", "json", in: scratch).status == 64)
    }

    @Test func `a taken port is named with its owner`() throws {
        let (descriptor, address) = try Loopback.listen()
        defer { close(descriptor) }
        let ended = try Program.run("proxy", "--listen", address, "--admin", "127.0.0.1:0", in: scratch)
        #expect(ended.status == 1)
        #expect(ended.errors.contains(address))
        #expect(ended.errors.contains("pid \(getpid())"), "\(ended.errors)")
    }
}
