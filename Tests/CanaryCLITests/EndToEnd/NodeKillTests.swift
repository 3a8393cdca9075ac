// SPDX-License-Identifier: Apache-2.0

import CanaryStore
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Nodes that are killed at any instant of starting, scaling, rolling updates, restarts and deletions. The next one makes what is
/// declared, neither more nor less, and nothing of the one before is left.
///
/// `CANARYCTL_NODE_KILLS` is how many are killed.
@Suite(.timeLimit(.minutes(60))) struct NodeKillTests {
    private let scratch: ScratchDirectory
    private static let kills = getenv("CANARYCTL_NODE_KILLS").flatMap { Int(String(cString: $0)) } ?? 6

    /// What was declared last.
    private struct Declared {
        var replicas = 2
        var generation = 1
    }

    init() throws {
        scratch = try ScratchDirectory()
    }

    /// A pod has a process that is its parent's session's no longer, a probe, and a hook.
    private func manifest(_ declared: Declared) throws -> String {
        try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: \(declared.replicas)
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [sh, -c, "setsid sleep 3600 & exec sleep 3600"]
                    env: [{name: GENERATION, value: "\(declared.generation)"}]
                    readinessProbe: {exec: {command: [sleep, "0.02"]}, periodSeconds: 1}
                    lifecycle: {preStop: {exec: {command: [sleep, "0.02"]}}}
            """,
            to: "web.yaml"
        )
    }

    private func up() throws -> Program {
        try Program(
            ["up", "--workers", "1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        )
    }

    @Test func aKilledNodeLeavesNothingAndTheNextOneDoublesNothing() throws {
        var declared = Declared()
        try Scene.succeed("apply", "-f", try manifest(declared), in: scratch)
        var random = SeededGenerator(seed: 11)
        for number in 0..<Self.kills {
            let node = try up()
            var deletion: Program?
            if random.chance(70) {
                try expect(declared, of: node, "node \(number)")
                deletion = try change(&declared, &random)
            }
            usleep(UInt32(random.next() % 400_000))
            node.signal(SIGKILL)
            _ = try node.end()
            // Whoever waits for pods to end finds out that there are none.
            _ = try deletion?.end()
            #expect(eventually { NodeProcesses(in: scratch).members.isEmpty }, "node \(number)")
        }
        let node = try up()
        try expect(declared, of: node, "the last node")
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(NodeProcesses(in: scratch).members.isEmpty)
        #expect(controlGroups().isEmpty)
    }

    /// - Returns: a command that is under way.
    private func change(_ declared: inout Declared, _ random: inout SeededGenerator) throws -> Program? {
        switch random.next() % 4 {
        case 0:
            declared.replicas = Int(random.next() % 5)
            try Scene.succeed("scale", "deployment/web", "--replicas", "\(declared.replicas)", in: scratch)
        case 1:
            declared.generation += 1
            try Scene.succeed("apply", "-f", try manifest(declared), in: scratch)
        case 2: try Scene.succeed("rollout", "restart", "deployment/web", in: scratch)
        default: return try Program(["delete", "pods", "-l", "app=web"], in: scratch)
        }
        return nil
    }

    /// Waits until there is what is declared, and nothing else.
    private func expect(_ declared: Declared, of node: Program, _ name: String) throws {
        let isSo = try eventually {
            let processes = NodeProcesses(in: scratch).with("3600")
            let logs = (try? FileReader.names(in: scratch.path("store/logs")).get()) ?? []
            // Two processes and their supervisor.
            return try processes.count == 3 * declared.replicas && logs.count == declared.replicas
                && processes.allSatisfy { $0.variables.contains("GENERATION=\(declared.generation)") }
                && pods().count == declared.replicas
                && pods().allSatisfy { $0.contains(" 1/1 ") }
        }
        let last = try pods()
        try #require(isSo, "\(name): \(declared), \(last), \(node.errors)")
    }

    private func pods() throws -> [Substring] {
        try Program.run("get", "pods", "--no-headers", in: scratch).output.split(separator: "\n")
    }

    /// Directories that nodes of this test's store made below the group that they, and this process, are in.
    private func controlGroups() -> [String] {
        let name = NodeService.groupName(StoreLocation(scratch.path("store")))
        let own = (try? FileReader.read(path: "/proc/self/cgroup").get()) ?? []
        let places = String(decoding: own, as: UTF8.self).split(separator: "\n").flatMap { line in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            let hierarchy = parts[1].isEmpty ? "unified" : String(parts[1])
            return ["/sys/fs/cgroup/\(hierarchy)\(parts[2])/\(name)", "/sys/fs/cgroup\(parts[2])/\(name)"]
        }
        return places.filter { access($0, F_OK) == 0 }
    }
}
