// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// No request fails because of what is changed: pods leave only when their last request is answered.
///
/// `CANARYCTL_CHANGE_SECONDS` is how long things are changed.
@Suite(.timeLimit(.minutes(60)), .enabled(if: hasPrograms("python3"), "the servers need python3"))
struct ChangesUnderLoadTests {
    private let scratch: ScratchDirectory
    private static let seconds = getenv("CANARYCTL_CHANGE_SECONDS").flatMap { Int(String(cString: $0)) } ?? 8

    init() throws {
        scratch = try ScratchDirectory()
    }

    private func up(replicas: Int, route: String = "") throws -> Program {
        let node = try Program(
            [
                "up", "-f", try PodServer.manifest("v1", replicas: replicas, route: route, in: scratch),
                "--workers", "1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
            ],
            in: scratch
        )
        #expect(eventually { node.errors.contains("admin on ") }, "\(node.errors)")
        try Scene.succeed("rollout", "status", "deployment/web", in: scratch)
        return node
    }

    private func end(_ node: Program) throws {
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(NodeProcesses(in: scratch).members.isEmpty)
    }

    @Test func noRequestFailsByScalingUpdatesRestartsAndDeletions() throws {
        let node = try up(replicas: 3)
        let address = try Scene.listener(of: node)
        let load = [
            try Clients(at: address, host: "web", clients: 4),
            try Clients(at: address, host: "web", clients: 2, connectsEachTime: true),
        ]
        var random = SeededGenerator(seed: 3)
        var version = 1
        let end = ContinuousClock.now + .seconds(Self.seconds)
        while ContinuousClock.now < end {
            switch random.next() % 4 {
            case 0: try scale(to: 2 + Int(random.next() % 4))
            case 1:
                version += 1
                let update = try PodServer.manifest("v\(version)", replicas: nil, in: scratch)
                try Scene.succeed("apply", "-f", update, in: scratch)
            case 2: try Scene.succeed("rollout", "restart", "deployment/web", in: scratch)
            default: try deleteSomePod(&random)
            }
            // Some changes come while others are under way, and some do not.
            usleep(UInt32(random.next() % 1_500_000))
        }
        try Scene.succeed("rollout", "status", "deployment/web", in: scratch)
        for clients in load {
            clients.end()
            let isWhole = clients.failures == 0 && clients.lost == 0 && clients.requests > 100
            #expect(isWhole, "\(clients.lost) lost; \(clients.bodies); \(node.errors)")
        }
        #expect(load[0].bodies["v\(version)", default: 0] > 0)
        try self.end(node)
    }

    private func scale(to replicas: Int) throws {
        try Scene.succeed("scale", "deployment/web", "--replicas", "\(replicas)", in: scratch)
    }

    /// Where enough others are ready, which is the caller's business: Kubernetes deletes the last one, too. It may be gone by itself by then.
    private func deleteSomePod(_ random: inout SeededGenerator) throws {
        let ready = try Program.run("get", "pods", "--no-headers", in: scratch).output.split(separator: "\n")
            .filter { $0.contains(" 1/1 ") && $0.contains(" Running ") }
        guard ready.count > 2, let name = random.pick(ready).split(separator: " ").first else { return }
        let words = ["delete", "pod", String(name), "--ignore-not-found"]
        let deletion = try Program(words, in: scratch).end()
        #expect(deletion.status == 0, "\(deletion.errors)")
    }

    @Test func bodiesAndTunnelsOutliveUpdates() throws {
        let node = try up(replicas: 2)
        let address = try Scene.listener(of: node)
        let over = scratch.path("over")
        let tunnels = try (0..<3).map { _ in try PodServer.tunnel(until: over, at: address, in: scratch) }
        let bodies = try ["up", "down"].map { try PodServer.passBody($0, at: address, in: scratch) }
        for version in ["v2", "v3"] {
            let update = try PodServer.manifest(version, replicas: 2, in: scratch)
            try Scene.succeed("apply", "-f", update, in: scratch)
            try Scene.succeed("rollout", "status", "deployment/web", in: scratch)
        }
        for body in bodies {
            let ended = try body.end()
            #expect(ended.status == 0, "\(ended)")
        }
        // The pods that have the tunnels stay for these.
        try scratch.write("", to: "over")
        for tunnel in tunnels {
            let ended = try tunnel.end()
            #expect(ended.status == 0, "\(ended)")
        }
        #expect(
            try eventually {
                try Program.run("get", "pods", "--no-headers", in: scratch).output.split(separator: "\n")
                    .count == 2
            }
        )
        try end(node)
    }

    /// A pod that crashes takes the requests along that it was answering, one of each client. Where the route asks for it, others answer
    /// them. Requests that come before anybody has noticed go to others in any case.
    @Test(arguments: [("", 4), (", retries: {attempts: 5, retryOn: \"reset,connect-failure,5xx\"}", 0)])
    func crashesFailNoMoreThanWhatThePodWasAnswering(retries: String, most: Int64) throws {
        let node = try up(replicas: 3, route: retries)
        let load = try Clients(at: try Scene.listener(of: node), host: "web", clients: 4)
        for crash in 1...3 {
            let servers = NodeProcesses(in: scratch).with("server.py").filter {
                $0.words[0].hasSuffix("python3")
            }
            kill(try #require(servers.map(\.pid).min()), SIGKILL)
            #expect(
                try eventually {
                    let pods = try Program.run("get", "pods", "--no-headers", in: scratch).output
                        .split(separator: "\n").map { $0.split(separator: " ") }
                    let restarts = pods.compactMap { Int($0[3]) }.reduce(0, +)
                    return restarts == crash && pods.allSatisfy { $0[1] == "1/1" }
                }
            )
        }
        let before = load.requests
        #expect(eventually { load.requests > before + 100 })
        load.end()
        #expect(load.failures <= 3 * most && load.lost == 0, "\(load.lost) lost; \(load.bodies)")
        try end(node)
    }
}
