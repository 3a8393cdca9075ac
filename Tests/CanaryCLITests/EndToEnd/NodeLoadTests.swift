// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Many pods, pods that fail again and again, pods that write more than anybody reads, and a disk without room for any of it.
///
/// `CANARYCTL_NODE_PODS` is how many pods many are.
@Suite(.timeLimit(.minutes(15))) struct NodeLoadTests {
    private let scratch: ScratchDirectory
    private static let pods = getenv("CANARYCTL_NODE_PODS").flatMap { Int(String(cString: $0)) } ?? 40

    init() throws {
        scratch = try ScratchDirectory()
    }

    private func up(_ command: String, replicas: Int = 1) throws -> Program {
        let manifest = try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: \(replicas)
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: web, image: web, command: [sh, -c, '\(command)']}]}
            """,
            to: "web.yaml"
        )
        return try Program(
            ["up", "-f", manifest, "--workers", "1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        )
    }

    /// What `get pods` says of each.
    private func pods() throws -> [[Substring]] {
        try Program.run("get", "pods", "--no-headers", in: scratch).output.split(separator: "\n")
            .map { $0.split(separator: " ") }
    }

    private func end(_ node: Program) throws {
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(NodeProcesses(in: scratch).members.isEmpty)
    }

    /// Clock ticks of a process, and of its children that it waited for.
    private func ticks(of pid: pid_t) throws -> Int {
        let bytes = try FileReader.read(path: "/proc/\(pid)/stat").get()
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return fields[13...16].compactMap { Int($0) }.reduce(0, +)
    }

    /// What a node uses, in thousandths of a processor.
    private func usage(of node: Program, for time: Duration) throws -> Int {
        let (before, start) = (try ticks(of: node.pid), ContinuousClock.now)
        #expect(eventually { ContinuousClock.now > start + time })
        let used = (try ticks(of: node.pid) - before) * 1000 / Int(sysconf(Int32(_SC_CLK_TCK)))
        return used * 1000 / Int((ContinuousClock.now - start) / .milliseconds(1))
    }

    @Test func manyPodsStartAndStopAndCostNextToNothing() throws {
        let node = try up("exec sleep 3600", replicas: Self.pods)
        #expect(
            try eventually {
                let ready = try pods().filter { $0[1] == "1/1" && $0[2] == "Running" }
                return ready.count == Self.pods
            },
            "\(node.errors)"
        )
        // A process and its supervisor each.
        #expect(NodeProcesses(in: scratch).with("3600").count == 2 * Self.pods)
        #expect(try usage(of: node, for: .seconds(3)) < 50)
        try end(node)
    }

    @Test func podsThatCrashAgainAndAgainCostNextToNothing() throws {
        let node = try up("exit 1", replicas: 10)
        #expect(
            try eventually { try pods().count { $0[2] == "CrashLoopBackOff" } == 10 },
            "\(node.errors)"
        )
        #expect(try usage(of: node, for: .seconds(12)) < 50)
        try end(node)
    }

    @Test func whatFloodsItsLogIsBoundedAndRunsOn() throws {
        // 60 megabytes of lines, and then some more.
        let node = try up(
            "head -c 60000000 /dev/zero | tr \"\\0\" x | fold -w 1000; echo done; exec sleep 3600"
        )
        #expect(
            try eventually {
                try Program.run("logs", "deployment/web", in: scratch).output.hasSuffix("done\n")
            },
            "\(node.errors)"
        )
        let logs = scratch.path("store/logs")
        let pod = "\(logs)/\(try #require(FileReader.names(in: logs).get().first))/web"
        let sizes = try FileReader.names(in: pod).get().map { name in
            var information = stat()
            return lstat("\(pod)/\(name)", &information) == 0 ? information.st_size : 0
        }
        #expect(sizes.count == 2 && sizes.allSatisfy { $0 <= 10 << 20 }, "\(sizes)")
        #expect(try pods().map { $0[1...3] } == [["1/1", "Running", "0"]])
        try end(node)
    }

    @Test(.enabled(if: FileSystem.canBeMounted, "file systems cannot be mounted here"))
    func aFullDiskLosesLinesAndNoPods() throws {
        mkdir(scratch.path("store"), 0o700)
        let disk = try FileSystem(at: scratch.path("store"), megabytes: 4)
        let node = try up(
            "while echo line; do echo x >> \(scratch.path("count")); sleep 0.02; done",
            replicas: 2
        )
        #expect(try eventually { try pods().count { $0[1] == "1/1" } == 2 }, "\(node.errors)")
        let before = try pods()

        let filler = try disk.fill()
        // All that they write now is lost.
        let count = try lines()
        #expect(try eventually { try lines() > count + 400 })
        let refused = try Program.run("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(refused.status == 1 && refused.errors.contains("full"), "\(refused)")
        #expect(try pods().map { $0[0...3] } == before.map { $0[0...3] })

        unlink(filler)
        #expect(
            try eventually {
                try Program.run("logs", "deployment/web", in: scratch).output.contains(" bytes lost: ")
            }
        )
        try Scene.succeed("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(try eventually { try pods().count { $0[1] == "1/1" } == 3 }, "\(node.errors)")
        #expect(try pods().allSatisfy { $0[3] == "0" })
        try end(node)
    }

    /// How many lines the pods have written.
    private func lines() throws -> Int {
        try FileReader.read(path: scratch.path("count")).get().count / 2
    }
}
