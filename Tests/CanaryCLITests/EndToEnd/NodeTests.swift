// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// `up` with real servers: pods that answer with their version.
@Suite struct NodeTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    @Test func runsScalesUpdatesAndEnds() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let address = try Scene.listener(of: node)
        // Requests all the time, and none fails whatever happens to the pods.
        let client = Client(of: address)
        try Scene.succeed("apply", "-f", try manifest(replicas: 4), in: scratch)
        #expect(try eventually { try readyPods().count == 4 })
        try Scene.succeed("apply", "-f", try manifest(replicas: 1), in: scratch)
        #expect(try eventually { try podCount() == 1 })
        let before = try readyPods()
        try Scene.succeed("apply", "-f", try manifest("v2", replicas: 1), in: scratch)
        #expect(
            try eventually {
                try podCount() == 1 && readyPods().isDisjoint(with: before) && readyPods().count == 1
            }
        )
        #expect(eventually { client.answers["v2", default: 0] > 10 })
        #expect(Set(client.stop().keys) == ["v1", "v2"], "\(client.answers)")

        #expect(try Program.run("logs", "deployment/web", in: scratch).output == "v2 listens\n")
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(node.output.contains("v2 ends"))
        #expect(processes() == 0)
        #expect(try podCount() == 0)
    }

    @Test func deletedPodsAreReplaced() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        let before = try readyPods()
        let name = try #require(before.min())
        let deletion = try Program.run("delete", "pod", name, in: scratch)
        #expect(deletion.output == "pod \"\(name)\" deleted from default namespace\n")
        #expect(deletion.status == 0 && deletion.errors.isEmpty, "\(deletion.errors)")
        // It is gone when the command returns.
        #expect(try !Program.run("get", "pods", in: scratch).output.contains(name))
        #expect(try eventually { try readyPods().count == 2 })
        #expect(try readyPods().intersection(before) == before.subtracting([name]))
        #expect(Set(client.stop().keys) == ["v1"], "\(client.answers)")

        // Pods are none of the objects that manifests leave out.
        let pruning = ["apply", "-f", scratch.path("web.yaml"), "--prune", "-l", "app=web"]
        let pruned = try Program(pruning, in: scratch).end()
        #expect(pruned.status == 0 && !pruned.output.contains("pod/"), "\(pruned.output)")

        let again = try Program.run("delete", "pod", name, in: scratch)
        #expect(again.status == 1 && again.errors.contains("pod \"\(name)\" not found"))
        let all = try Program.run("delete", "pods", "-l", "app=web", "--now", "--dry-run=client", in: scratch)
        #expect(all.output.split(separator: "\n").count == 2 && all.output.contains("(dry run)"))
        #expect(try readyPods().count == 2)
    }

    @Test func deploymentsAreScaledAndRestartedByWords() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        let status = ["rollout", "status", "deployment/web", "--timeout", "30s"]
        let done = "deployment \"web\" successfully rolled out\n"
        try Scene.succeed("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(try Program(status, in: scratch).end().output.hasSuffix(done))
        let before = try readyPods()
        #expect(before.count == 3)
        let listed = try Program.run("get", "deployments", "--no-headers", in: scratch).output
        #expect(listed.split(separator: " ").prefix(4) == ["web", "3/3", "3", "3"], "\(listed)")

        try Scene.succeed("rollout", "restart", "deployment", "web", in: scratch)
        let restart = try Program(status, in: scratch).end()
        #expect(restart.status == 0 && restart.output.hasSuffix(done))
        #expect(restart.output.hasPrefix("Waiting for deployment \"web\" rollout to finish: "))
        #expect(try readyPods().count == 3 && readyPods().isDisjoint(with: before))
        let wide = try Program.run("get", "pods", "-o", "wide", in: scratch).output
        #expect(
            wide.split(separator: "\n").count { $0.contains(" Running ") && $0.contains(" 127.0.0.1:") } == 3,
            "\(wide)"
        )
        #expect(Set(client.stop().keys) == ["v1"], "\(client.answers)")
    }

    @Test func changesThatLeaveNoPodWarn() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let sentence = "warning: 100 % of requests to web.default will get 503: no endpoint is ready\n"
        for words in [["scale", "deployment/web", "--replicas", "0"], ["delete", "deployment", "web"]] {
            let warned = try Program(words + ["--dry-run=server"], in: scratch).end()
            #expect(warned.status == 0 && warned.errors.contains(sentence), "\(words) \(warned.errors)")
        }
        let fewer = try Program.run("scale", "deployment/web", "--replicas", "1", in: scratch)
        #expect(fewer.status == 0 && !fewer.errors.contains("503"), "\(fewer.errors)")
    }

    @Test func nothingOutlivesAKilledNode() throws {
        for _ in 0..<3 {
            let node = try up()
            #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
            // Those of the pods before are gone.
            #expect(try FileReader.names(in: scratch.path("store/logs")).get().count == 2)
            // Two servers, and a supervisor for each.
            #expect(processes() == 4)
            node.signal(SIGKILL)
            _ = try node.end()
            #expect(eventually { processes() == 0 })
            #expect(try podCount() == 0)
        }
    }

    @Test func thereIsOneNodeForEachStore() throws {
        let node = try up()
        #expect(eventually { node.errors.contains("admin on") })
        let other = try Program.run("up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", in: scratch)
        #expect(other.status == 1 && other.errors.contains("runs the pods of"))
        // Neither in the foreground nor in the background does it change what is stored.
        let before = try Program.run("get", "deployment", "web", "-o", "yaml", in: scratch).output
        let more = try manifest("v2", replicas: 5)
        for words in [[], ["--detach"]] {
            let last = try Program(["up", "-f", more] + words, in: scratch).end()
            #expect(
                last.status == 1 && last.errors.hasPrefix("error: process \(node.pid) runs the pods of"),
                "\(last.errors)"
            )
            #expect(last.output.isEmpty)
        }
        #expect(try Program.run("get", "deployment", "web", "-o", "yaml", in: scratch).output == before)
    }

    @Test func whyItCannotStartInTheBackgroundIsTold() throws {
        try #require(mkdir(scratch.path("store"), 0o700) == 0)
        // The last thing before a node is made fails; the parent hears of it all the same.
        let elsewhere = scratch.path("elsewhere")
        try #require(symlink(elsewhere, scratch.path("store/logs")) == 0)
        let start = try Program(["up", "--detach", "--listen", "127.0.0.1:0"], in: scratch).end()
        #expect(start.status == 1)
        #expect(start.errors.hasPrefix("error: cannot keep the output of pods:"), "\(start.errors)")
    }

    @Test func detachedItEndsWithDown() throws {
        let arguments = [
            "up", "-f", try manifest(), "--detach", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
        ]
        #expect(try Program(arguments, in: scratch).end().status == 0)
        #expect(try eventually { try readyPods().count == 2 })
        #expect(try Program.run("down", in: scratch).status == 0)
        #expect(processes() == 0)
    }
}
