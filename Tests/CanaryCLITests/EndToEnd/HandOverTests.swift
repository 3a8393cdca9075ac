// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// One process goes and another comes, and no client notices.
@Suite(.serialized) struct HandOverTests {
    // MARK: - Succeeding

    @Test func `a proxy replaces itself, and its successor serves at the same places`() throws {
        let scene = try HandOverScene("--access-log", "text")
        let next = try scene.replace(scene.first.pid)
        #expect(next != scene.first.pid)
        #expect(try scene.request()?.body == "v1")
        let ended = try scene.first.end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.errors.contains("process \(next) has taken over"), "\(ended.errors)")
        // The successor has the log of the one before, and the same arguments.
        #expect(eventually { scene.first.output.contains("GET / HTTP/1.1") }, "\(scene.first.output)")
        let last = try scene.replace(next)
        #expect(try scene.request()?.body == "v1")
        #expect(try Program.run("down", in: scene.scratch).output.contains("proxy stopped, pid \(last)"))
    }

    @Test(arguments: [(1, 3), (3, 1), (2, 2)])
    func `the number of workers may be another`(before: Int, after: Int) throws {
        let scene = try HandOverScene(workers: before)
        // They wait in the queues of all workers when the other process comes.
        let waiting = try (0..<32).map { _ in try Loopback(to: scene.address) }
        let next = try scene.takeOver("--take-over", workers: after)
        #expect(
            eventually { next.errors.contains("took over from proxy \(scene.first.pid)") },
            "\(next.errors)"
        )
        for client in waiting {
            client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
            let answer = try #require(client.receive())
            #expect(answer.body == "v1" && answer.field("connection") == "close")
        }
        #expect(try scene.first.end().status == 0)
        for _ in 0..<32 { #expect(try scene.request()?.body == "v1") }
        next.signal(SIGTERM)
        #expect(try next.end().status == 0)
    }

    @Test
    func `a request that is under way ends in the old process, and one that rests is answered once more`()
        throws
    {
        let scene = try HandOverScene()
        let resting = try Loopback(to: scene.address)
        resting.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        #expect(resting.receive()?.field("connection") == nil)
        scene.server.slowDown(milliseconds: 200)
        let busy = try Loopback(to: scene.address)
        busy.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        try scene.replace(scene.first.pid)
        #expect(busy.receive()?.body == "v1")
        resting.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        let last = try #require(resting.receive())
        #expect(last.body == "v1" && last.field("connection") == "close")
        #expect(resting.receive() == nil)
        #expect(try scene.first.end().status == 0)
    }

    @Test func `what rests for longer than the old process drains is let go before that is cut off`() throws {
        let scene = try HandOverScene("--drain-timeout", "2s")
        let resting = try Loopback(to: scene.address)
        resting.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        #expect(resting.receive()?.body == "v1")
        try scene.replace(scene.first.pid)
        #expect(resting.receive() == nil)
        let ended = try scene.first.end()
        #expect(ended.status == 0 && !ended.errors.contains("cut off"), "\(ended.errors)")
    }

    @Test func `of several new processes one after the other takes over, or says why not`() throws {
        let scene = try HandOverScene()
        let all = try (0..<4).map { _ in try scene.takeOver("--take-over=\(scene.first.pid)") }
        #expect(try scene.first.end().status == 0)
        #expect(
            eventually {
                all.allSatisfy {
                    $0.errors.contains("admin on ") || $0.errors.contains("error: cannot take over ")
                }
            }
        )
        let successors = all.filter { $0.errors.contains("took over from proxy \(scene.first.pid)") }
        #expect(successors.count == 1, "\(all.map(\.errors))")
        #expect(try scene.serving() == successors.map(\.pid))
        for _ in 0..<8 { #expect(try scene.request()?.body == "v1") }
    }

    @Test func `a signal ends what rests in the old process at once`() throws {
        let scene = try HandOverScene("--drain-timeout", "1h")
        let resting = try Loopback(to: scene.address)
        resting.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        #expect(resting.receive()?.body == "v1")
        try scene.replace(scene.first.pid)
        #expect(eventually { scene.first.errors.contains("draining") })
        scene.first.signal(SIGTERM)
        #expect(resting.receive() == nil)
        #expect(try scene.first.end().status == 0)
    }

    @Test(.enabled(if: hasPrograms("openssl"), "the client is openssl"))
    func `a session of TLS is resumed at the next process`() throws {
        let scene = try HandOverScene()
        let (port, certificate) = try scene.serveTLS()
        let session = scene.scratch.path("session")
        let words = [
            "openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-servername", "hello.example.com",
            "-CAfile",
            certificate, "-tls1_2",
        ]
        func connect(_ more: String...) throws -> Program.Ended {
            try Program(words + more, in: scene.scratch, executable: "/usr/bin/env").end()
        }
        let new = try connect("-sess_out", session)
        #expect(new.output.contains("New, TLSv1.2"), "\(new.output)\(new.errors)")
        try scene.replace(scene.first.pid)
        #expect(try scene.first.end().status == 0)
        let resumed = try connect("-sess_in", session)
        #expect(resumed.output.contains("Reused, TLSv1.2"), "\(resumed.output)\(resumed.errors)")
    }

    // MARK: - Failing

    @Test func `a new process that cannot begin leaves the old one as it was`() throws {
        let scene = try HandOverScene()
        let (taken, address) = try Loopback.listen()
        defer { close(taken) }
        let next = try scene.takeOver("--take-over=\(scene.first.pid)", "--listen", address)
        let ended = try next.end()
        #expect(ended.status != 0 && ended.errors.contains("the port is taken"), "\(ended.errors)")
        #expect(eventually { scene.first.errors.contains("this process goes on") }, "\(scene.first.errors)")
        #expect(try scene.serving() == [scene.first.pid])
        #expect(try scene.request()?.field("connection") == nil)
        try Scene.succeed("set-weight", "helloworld", "v1", "100", "--wait=30s", in: scene.scratch)
        try scene.replace(scene.first.pid)
        #expect(try scene.first.end().status == 0)
    }

    @Test(arguments: [true, false])
    func `a new process that cannot read the store leaves the old one with the last table`(isThere: Bool)
        throws
    {
        let scene = try HandOverScene()
        for name in ["cluster.db", "cluster.db-wal", "cluster.db-shm"] {
            unlink(scene.scratch.path("store/\(name)"))
        }
        if isThere {
            _ = try scene.scratch.write(String(repeating: "damage ", count: 1000), to: "store/cluster.db")
        }
        let ended = try scene.takeOver("--take-over").end()
        #expect(ended.status == 1)
        #expect(ended.errors.contains("cannot take over from proxy \(scene.first.pid): "), "\(ended.errors)")
        #expect(eventually { scene.first.errors.contains("this process goes on") }, "\(scene.first.errors)")
        #expect(try scene.request()?.body == "v1")
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `who is asked to end before having taken over leaves the old one as it was`(signal: Int32) throws {
        let scene = try HandOverScene()
        // It answers only once the other has heard the signal.
        scene.first.signal(SIGSTOP)
        let next = try scene.takeOver("--take-over")
        usleep(200_000)
        next.signal(signal)
        scene.first.signal(SIGCONT)
        _ = try next.end()
        #expect(eventually { scene.first.errors.contains("this process goes on") }, "\(scene.first.errors)")
        #expect(try scene.request()?.body == "v1")
    }

    @Test func `a new process serves beside an old one that does not answer, until it does`() throws {
        let scene = try HandOverScene()
        scene.first.signal(SIGSTOP)
        let next = try scene.takeOver("--take-over")
        usleep(200_000)
        scene.first.signal(SIGCONT)
        while !scene.first.errors.contains("asks to take over") { usleep(100) }
        scene.first.signal(SIGSTOP)
        // Longer than a process waits for its first word.
        usleep(12_000_000)
        scene.first.signal(SIGCONT)
        // Where it was stopped before it had passed its sockets, it is the one that goes on.
        let isDecided = eventually {
            next.errors.contains("took over from") || scene.first.errors.contains("this process goes on")
        }
        #expect(isDecided, "\(next.errors)")
        #expect(try scene.request()?.body == "v1")
    }

    @Test func `a new process that may not open as many files leaves the old one as it was`() throws {
        let scene = try HandOverScene(workers: 40)
        let next = try Program(
            ["-c", "ulimit -n 40; exec \(Program.path) proxy --take-over --workers 1"],
            in: scene.scratch,
            executable: "/bin/sh"
        )
        let ended = try next.end()
        #expect(ended.errors.contains("not all of its sockets could be received"), "\(ended.errors)")
        #expect(eventually { scene.first.errors.contains("this process goes on") }, "\(scene.first.errors)")
        for _ in 0..<40 { #expect(try scene.request()?.body == "v1") }
    }

    @Test func `a change that comes while nobody has taken over yet is served afterwards`() throws {
        let scene = try HandOverScene()
        var other: Loopback? = try Loopback(socket: scene.scratch.path("store/admin-\(scene.first.pid).sock"))
        other?.send("POST /hand-over HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
        #expect(other?.receive()?.startLine.contains(" 200 ") == true)
        // A second one is refused, and so is a change's wait: it is not known yet who is to serve it.
        let second = try scene.takeOver("--take-over").end()
        #expect(second.errors.contains("another process is taking over already"), "\(second.errors)")
        let change = try Program(
            ["set-weight", "helloworld", "v2", "100", "--wait=60s"],
            in: scene.scratch
        )
        #expect(try scene.request()?.body == "v1")
        other = nil
        #expect(try change.end().status == 0)
        #expect(try scene.request()?.startLine.contains(" 503 ") == true)
    }

    @Test func `there is nothing to take over from`() throws {
        let scratch = try ScratchDirectory()
        let words = ["proxy"] + HandOverScene.words(1)
        let lost = try Program(words + ["--take-over=\(getpid())"], in: scratch).end()
        #expect(lost.errors.contains("no proxy of the store has this process id"), "\(lost.errors)")
        let alone = try Program(words + ["--take-over"], in: scratch)
        #expect(eventually { alone.errors.contains("admin on ") }, "\(alone.errors)")
        let other = try ScratchDirectory()
        let node = try Program(["up"] + HandOverScene.words(1), in: other)
        #expect(eventually { node.errors.contains("admin on ") }, "\(node.errors)")
        node.signal(SIGUSR2)
        #expect(eventually { node.errors.contains("a node does not hand over") }, "\(node.errors)")
        for program in [alone, node] {
            program.signal(SIGTERM)
            #expect(try program.end().status == 0)
        }
    }

    /// Answers at a proxy's socket as versions before the hand-over did.
    private static let oldVersion = """
        import os, socket, sys
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{sys.argv[1]}/admin-{os.getpid()}.sock")
        listener.listen()
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            if connection.recv(4096).startswith(b"POST"):
                connection.sendall(b"HTTP/1.1 405 Method Not Allowed\\r\\n\\r\\nonly GET and HEAD\\n")
            connection.close()
        """

    @Test(.enabled(if: hasPrograms("python3"), "python3 stands for the old version"))
    func `a version that knows no hand-over is told from its answer`() throws {
        let scratch = try ScratchDirectory()
        try Scene.createHelloworld(in: scratch)
        let old = try Program(
            ["python3", "-c", Self.oldVersion, scratch.path("store")],
            in: scratch,
            executable: "/usr/bin/env"
        )
        #expect(eventually { old.output.contains("listening") }, "\(old.errors)")
        let new = try Program(["proxy"] + HandOverScene.words(1) + ["--take-over"], in: scratch).end()
        #expect(
            new.errors.contains("cannot take over from proxy \(old.pid): its version cannot hand over"),
            "\(new.errors)"
        )
        #expect(new.errors.contains("hint: "))
        old.signal(SIGTERM)
    }

    // MARK: - Killing

    /// `CANARYCTL_HAND_OVER_KILLS` is how many processes are killed.
    @Test func `whichever process is killed at whatever instant, the other serves`() throws {
        let kills = getenv("CANARYCTL_HAND_OVER_KILLS").flatMap { Int(String(cString: $0)) } ?? 6
        var random = SeededGenerator(seed: 12)
        var scene = try HandOverScene()
        for _ in 0..<kills {
            let next = try scene.takeOver("--take-over")
            usleep(UInt32(random.next() % 400_000))
            let killsOld = random.next() % 2 == 0
            (killsOld ? scene.first : next).signal(SIGKILL)
            if killsOld {
                // It may have had nobody to take over from any more, and then listens elsewhere.
                #expect(eventually { next.errors.contains("admin on ") || next.errors.contains("error: ") })
                let hasTakenOver = next.errors.contains(scene.address)
                if hasTakenOver { #expect(try scene.request()?.body == "v1", "\(next.errors)") }
                next.signal(SIGKILL)
                _ = try next.end()
                scene = try HandOverScene()
            } else {
                _ = try next.end()
                if let answer = try? scene.request() {
                    #expect(answer.body == "v1", "\(scene.first.errors)")
                } else {
                    // It was killed when it was the proxy already.
                    #expect(eventually { scene.first.errors.contains("has taken over") })
                    scene = try HandOverScene()
                }
            }
        }
    }
}
