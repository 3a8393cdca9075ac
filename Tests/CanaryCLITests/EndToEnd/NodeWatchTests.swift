// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// `get -w` of what a node tells: pods, and the rows of Deployments and autoscalers.
@Suite struct NodeWatchTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    private func watch(_ words: String...) throws -> Program {
        try Program(["get"] + words + ["-w"], in: scratch)
    }

    /// The rows about an object, without what came before they were asked for.
    private func rows(_ watch: Program, _ name: String) -> [[Substring]] {
        watch.output.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0[1] == name }
    }

    @Test func podsComeChangeAndGo() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let before = try readyPods()
        let rows = try watch("pods")
        let lines = try watch("pods", "-o", "json")
        #expect(eventually { rows.output.split(separator: "\n").count == 3 }, "\(rows.output)")
        #expect(eventually { lines.output.split(separator: "\n").count == 2 })
        try Scene.succeed("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(try eventually { try readyPods().count == 3 })
        let pod = try #require(try readyPods().subtracting(before).first)
        #expect(
            eventually {
                self.rows(rows, pod).last?[0...3] == ["MODIFIED", Substring(pod), "1/1", "Running"]
            }
        )
        #expect(self.rows(rows, pod).first?[0] == "ADDED")
        try Scene.succeed("delete", "pod", pod, in: scratch)
        #expect(eventually { self.rows(rows, pod).last?[0] == "DELETED" }, "\(rows.output)")
        func types() throws -> [String] {
            try lines.output.split(separator: "\n").map { try JSONReader.read(String($0)) }
                .filter { $0["object"]?["metadata"]?["name"]?.string == pod }
                .compactMap { $0["type"]?.string }
        }
        #expect(try eventually { try types().first == "ADDED" && types().last == "DELETED" })

        // Those of a node that is killed go with it.
        node.signal(SIGKILL)
        _ = try node.end()
        #expect(eventually { before.allSatisfy { self.rows(rows, $0).last?[0] == "DELETED" } })
        for program in [rows, lines] { program.signal(SIGINT) }
    }

    @Test func rowsOfDeploymentsAndAutoscalersFollow() throws {
        let node = try Program(
            [
                "up", "-f", try manifest(), "--hpa-sync-period", "200ms", "--workers", "1", "--listen",
                "127.0.0.1:0", "--admin", "127.0.0.1:0",
            ],
            in: scratch
        )
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let deployments = try watch("deployments")
        let autoscalers = try watch("hpa")
        #expect(eventually { rows(deployments, "web").map { $0[0...2] } == [["ADDED", "web", "2/2"]] })
        try Scene.succeed("autoscale", "deployment", "web", "--memory=1Mi", "--min=3", "--max=3", in: scratch)
        // The autoscaler is one more object; what it measures, and what it makes of it, are told later.
        #expect(
            eventually {
                rows(autoscalers, "web").last.map { $0[0] == "MODIFIED" && $0[$0.count - 2] == "3" } ?? false
            },
            "\(autoscalers.output)"
        )
        #expect(rows(autoscalers, "web").first?[0] == "ADDED")
        #expect(eventually { rows(deployments, "web").last?[2] == "3/3" }, "\(deployments.output)")
        for program in [deployments, autoscalers] { program.signal(SIGINT) }
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }
}
