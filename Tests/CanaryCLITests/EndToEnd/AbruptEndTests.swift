// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryProxy
import CanaryResources
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryCLI

/// A proxy that is killed, told to end, or whose logs are taken away, while requests come without a pause.
@Suite(.serialized) struct AbruptEndTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
    }

    private func observed() throws -> Int {
        let text = try Program.run("describe", "helloworld", "-o", "json", in: scratch).output
        let report = try JSONReader.read(Array(text.utf8))
        return Int(report["routes"]?.items.first?["observedRequests"]?.integer ?? -1)
    }

    @Test func `a proxy that was killed leaves whole counts, and room for the next`() throws {
        let server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        var before = 0
        for _ in 0..<3 {
            let proxy = try Scene.startProxy(workers: 2, in: scratch)
            let load = try Load(on: try Scene.listener(of: proxy), clients: 4)
            #expect(try eventually { try observed() > before })
            proxy.signal(SIGKILL)
            #expect(try proxy.end().status == 128 + SIGKILL)
            let answers = load.finish()
            let counted = try observed() - before
            // A request that was under way was counted, or not.
            #expect(counted > 0 && counted <= answers.count + 4)
            before += counted
            #expect(try Program.run("proxy-status", in: scratch).errors.hasPrefix("No proxy is running."))
        }
        let last = try Scene.startProxy(in: scratch)
        let client = try Loopback(to: try Scene.listener(of: last))
        for _ in 0..<25 {
            client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
            #expect(client.receive()?.body == "v1")
        }
        #expect(try eventually { try observed() == before + 25 })
        // What the killed ones left behind is gone.
        let sockets = try FileReader.names(in: scratch.path("store")).get().filter { $0.hasSuffix(".sock") }
        #expect(sockets == ["admin-\(last.pid).sock"])
        try Scene.succeed("set-weight", "helloworld", "v2", "10", "--wait=30s", in: scratch)
        last.signal(SIGTERM)
        #expect(try last.end().status == 0)
        #expect(try observed() == 0)
    }

    @Test func `clients that get 503 are let go in order`() throws {
        try Scene.createHelloworld(in: scratch)
        // A drain that waits for them would not end.
        let proxy = try Scene.startProxy("--drain-timeout", "1h", workers: 2, in: scratch)
        let load = try Load(on: try Scene.listener(of: proxy), clients: 8)
        #expect(eventually { load.count >= 100 })
        proxy.signal(SIGTERM)
        let ended = try proxy.end()
        #expect(ended.status == 0, "\(ended.errors)")
        let answers = load.finish()
        #expect(answers.allSatisfy { $0.status == "503" })
        #expect(load.tornConnections == 0)
    }

    @Test func `logs that are renamed under load lose no line and cut none`() throws {
        let server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        let path = scratch.path("access.log")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let proxy = try Program(
            [
                "proxy", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", "2",
                "--access-log",
                "json",
            ],
            in: scratch,
            output: descriptor
        )
        #expect(eventually { proxy.errors.contains("admin on ") }, "\(proxy.errors)")
        let load = try Load(on: try Scene.listener(of: proxy), clients: 4)
        for round in 1...10 {
            let count = load.count
            #expect(eventually { load.count > count + 50 })
            #expect(rename(path, "\(path).\(round)") == 0)
            proxy.signal(round % 2 == 0 ? SIGHUP : SIGUSR1)
            #expect(eventually { access(path, F_OK) == 0 })
        }
        let answers = load.finish()
        proxy.signal(SIGTERM)
        #expect(try proxy.end().status == 0)
        var logged: [String] = []
        for name in try FileReader.names(in: scratch.path).get() where name.hasPrefix("access.log") {
            let text = String(decoding: try FileReader.read(path: scratch.path(name)).get(), as: UTF8.self)
            #expect(text.isEmpty || text.hasSuffix("\n"), "\(name)")
            for line in text.split(separator: "\n") {
                logged.append(try JSONReader.read(Array(line.utf8))["path"]?.string ?? "\(line)")
            }
        }
        #expect(logged.sorted() == answers.map(\.path).sorted())
    }
}

/// Clients that ask one thing after the other, each on a connection of its own, until that ends or they are told to finish.
private final class Load: Sendable {
    struct Answer: Sendable {
        var path: String
        var status: String
    }

    private struct State {
        var answers: [Answer] = []
        var torn = 0
    }

    private let state = Mutex(State())
    private let isFinishing = Atomic(false)
    private let threads = Mutex<[Thread]>([])

    init(on address: String, clients: Int) throws {
        let connections = try (0..<clients).map { _ in try Loopback(to: address) }
        for (client, connection) in connections.enumerated() {
            // Each thread has its connection alone.
            nonisolated(unsafe) let connection = connection
            let thread = Thread(name: "load") { [self] in ask(connection, client) }
            guard let thread else { throw FailedCall(name: "pthread_create", number: EAGAIN) }
            threads.withLock { $0.append(thread) }
        }
    }

    private func ask(_ connection: Loopback, _ client: Int) {
        var number = 0
        while !isFinishing.load(ordering: .acquiring) {
            number += 1
            let path = "/\(client)/\(number)"
            connection.send("GET \(path) HTTP/1.1\r\nhost: helloworld\r\n\r\n")
            guard let answer = connection.receive() else { break }
            let status = answer.startLine.split(separator: " ").dropFirst().first ?? ""
            state.withLock { $0.answers.append(Answer(path: path, status: String(status))) }
        }
        if !connection.isBetweenMessages { state.withLock { $0.torn += 1 } }
    }

    /// How many answers came so far.
    var count: Int { state.withLock { $0.answers.count } }
    /// Connections that ended in the midst of an answer.
    var tornConnections: Int { state.withLock { $0.torn } }

    /// Every answer, once the clients have ended.
    func finish() -> [Answer] {
        isFinishing.store(true, ordering: .releasing)
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
        return state.withLock { $0.answers }
    }
}
