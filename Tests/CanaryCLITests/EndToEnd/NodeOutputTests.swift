// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// What `up` prints of the output of pods.
@Suite struct NodeOutputTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    private func up(_ command: String, replicas: Int = 1, _ words: String...) throws -> Program {
        let manifest = try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: says}
            spec:
              replicas: \(replicas)
              selector: {matchLabels: {app: says}}
              template:
                metadata: {labels: {app: says}}
                spec:
                  containers: [{name: c, image: c, command: [sh, -c, '\(command)']}]
            """,
            to: "says.yaml"
        )
        let listeners = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        return try Program(["up", "-f", manifest] + listeners + words, in: scratch)
    }

    private func said(_ node: Program) -> [Substring] {
        node.output.split(separator: "\n").filter { $0.contains(" |") }
    }

    @Test func runsThatEndAtOnceAreShownToo() throws {
        let counter = scratch.path("runs")
        // The second run follows the first at once, and the third ten seconds later.
        let node = try up(#"echo x >> "\#(counter)"; echo run $(wc -l < "\#(counter)")"#)
        #expect(eventually { said(node).count == 3 }, "\(node.output) \(node.errors)")
        #expect(said(node).map { $0.split(separator: "|").last } == [" run 1", " run 2", " run 3"])
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(said(node).count == 3)
    }

    @Test func lastWordsAreShown() throws {
        // They are all that these pods say, and the logs are removed with the pods.
        let node = try up("trap \"echo bye; exit\" TERM; while :; do sleep 0.01; done", replicas: 8)
        #expect(try eventually { try readyPods().count == 8 }, "\(node.errors)")
        let pods = try readyPods()
        try Scene.succeed("scale", "deployment/says", "--replicas", "3", in: scratch)
        #expect(try eventually { try podCount() == 3 })
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(said(node).sorted() == pods.map { "\($0) | bye" }.sorted())
    }

    @Test func eachPodHasAColour() throws {
        let node = try up("echo here; exec sleep 1000", replicas: 2, "--color", "always")
        #expect(eventually { said(node).count == 2 }, "\(node.errors)")
        let names = said(node).map { $0.prefix { $0 != "|" } }
        #expect(names.allSatisfy { $0.hasPrefix("\u{1B}[") })
        #expect(said(node).allSatisfy { $0.hasSuffix(" |\u{1B}[0m here") })
        #expect(Set(names.map { $0.prefix { $0 != "m" } }).count == 2)
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }

    @Test func whatGoesOnAndOnIsToldOnce() throws {
        let manifest = try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: never}
            spec:
              selector: {matchLabels: {app: never}}
              template:
                metadata: {labels: {app: never}}
                spec:
                  containers:
                  - name: c
                    image: c
                    command: [sleep, "1000"]
                    readinessProbe: {exec: {command: ["false"]}, periodSeconds: 1}
            """,
            to: "never.yaml"
        )
        let listeners = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        let node = try Program(["up", "-f", manifest] + listeners, in: scratch)
        func told() -> Int {
            node.errors.split(separator: "\n").count { $0.contains("Readiness probe failed") }
        }
        func counted() throws -> Int {
            let path = #"jsonpath={.items[?(@.reason=="Unhealthy")].count}"#
            return Int(try Program.run("get", "events", "-o", path, in: scratch).output) ?? 0
        }
        // The first ones are what happens as a rule.
        #expect(try eventually { try counted() > 1 }, "\(node.errors)")
        #expect(eventually { told() == 1 }, "\(node.errors)")
        let count = try counted()
        #expect(try eventually { try counted() > count + 1 })
        #expect(told() == 1)
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }
}
