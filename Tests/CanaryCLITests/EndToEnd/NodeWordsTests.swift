// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// kubectl's words about Deployments and pods that run.
@Suite struct NodeWordsTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    private func status() throws -> Node {
        try JSONReader.read(try Program.run("status", "-o", "json", in: scratch).output)
    }

    @Test func statusShowsWhatRuns() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        try Scene.succeed("autoscale", "deployment", "web", "--cpu=50%", "--max=4", in: scratch)
        let report = try status()
        #expect(report["kind"]?.string == "NodeStatus")
        #expect(report["node"]?["pid"]?.integer == Int64(node.pid))
        let address = try Scene.listener(of: node)
        #expect(report["proxy"]?["listeners"]?.items.map(\.string) == [address])
        let deployment = try #require(report["deployments"]?.items.first)
        #expect(
            ["replicas", "ready", "updated"].map { deployment[$0]?.integer } == [2, 2, 2],
            "\(deployment)"
        )
        let pods = report["pods"]?.items ?? []
        #expect(Set(pods.compactMap { $0["name"]?.string }) == (try readyPods()))
        for pod in pods {
            #expect(pod["deployment"]?.string == "web" && pod["phase"]?.string == "Running")
            #expect(pod["ready"]?.bool == true && pod["restarts"]?.integer == 0)
            // Its process is the server, which listens where it says.
            let pid = try #require(pod["pid"]?.integer)
            let line = try FileReader.read(path: "/proc/\(pid)/cmdline").get()
            #expect(String(decoding: line, as: UTF8.self).contains(scratch.path("server.py")))
            let server = try Loopback(to: try #require(pod["address"]?.string))
            server.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n")
            #expect(server.receive()?.body == "v1")
        }
        let autoscaler = try #require(report["autoscalers"]?.items.first)
        #expect(autoscaler["target"]?.string == "Deployment/web" && autoscaler["max"]?.integer == 4)
        let page = try Program.run("status", in: scratch)
        #expect(page.output.hasPrefix("node \(node.pid) has run for ") && page.errors.isEmpty)

        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        let after = try status()
        #expect(after["node"] == nil && after["proxy"] == nil)
        #expect(after["pods"]?.items.isEmpty == true)
        #expect(try Program.run("status", in: scratch).errors.hasPrefix("No node is running"))
    }

    @Test func anEarlierTemplateComesBack() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        let status = ["rollout", "status", "deployment/web", "--timeout", "60s"]
        let first = try readyPods()
        try Scene.succeed("apply", "-f", try manifest("v2"), in: scratch)
        #expect(try Program(status, in: scratch).end().status == 0)
        #expect(try readyPods().isDisjoint(with: first))
        try Scene.succeed("rollout", "undo", "deployment/web", in: scratch)
        #expect(try Program(status, in: scratch).end().status == 0)
        // The pods are of the set that there was first.
        func sets(_ pods: Set<String>) -> Set<Substring> {
            Set(pods.compactMap { name in name.lastIndex(of: "-").map { name[..<$0] } })
        }
        #expect(try sets(readyPods()) == sets(first))
        let before = client.answers["v1", default: 0]
        #expect(eventually { client.answers["v1", default: 0] > before + 10 })
        #expect(Set(client.stop().keys) == ["v1", "v2"], "\(client.answers)")

        // Numbers outlast the node.
        node.signal(SIGKILL)
        _ = try node.end()
        let history = try Program.run("rollout", "history", "deployment/web", in: scratch).output
        #expect(
            history == "deployment.apps/web\nREVISION   CHANGE-CAUSE\n2          <none>\n3          <none>\n"
        )
    }

    @Test func inTheBackgroundItTellsHowToLook() throws {
        let started = try Program(
            ["up", "-f", try manifest(), "--detach", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        ).end()
        let pid = try status()["node"]?["pid"]?.integer ?? 0
        #expect(started.output.contains("node started, pid \(pid)\nlistening on 127.0.0.1:"))
        #expect(started.errors.contains("hint: canaryctl status shows what runs"))
        #expect(try Program.run("down", in: scratch).status == 0)
    }
}
