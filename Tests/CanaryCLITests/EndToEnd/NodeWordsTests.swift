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
        let described = try Program.run("describe", "deployment", "web", in: scratch).output
        let numbers = "2 desired | 2 updated | 2 total | 2 available | 0 unavailable"
        #expect(described.contains("Replicas:     \(numbers)\n"), "\(described)")

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

    /// A pod that ends again and again, and one that does not end when it is asked to.
    private func stubborn() throws -> String {
        func deployment(_ name: String, _ command: String) -> String {
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: \(name), labels: {app: \(name)}}
            spec:
              selector: {matchLabels: {app: \(name)}}
              template:
                metadata: {labels: {app: \(name)}}
                spec:
                  terminationGracePeriodSeconds: 3000
                  containers: [{name: c, image: c, command: [sh, -c, '\(command)']}]
            """
        }
        return try scratch.write(
            deployment("fails", "exit 3") + "\n---\n"
                + deployment("stays", "trap : TERM; while :; do sleep 0.1; done"),
            to: "stubborn.yaml"
        )
    }

    private func events(_ words: String...) throws -> String {
        try Program(["get", "events"] + words, in: scratch).end().output
    }

    @Test func eventsTellWhatHappened() throws {
        let node = try Program(
            ["up", "-f", try stubborn(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        )
        #expect(try eventually { try events().contains("BackOff") }, "\(node.errors)")
        let all = try events()
        #expect(all.hasPrefix("LAST SEEN "))
        for reason in ["ScalingReplicaSet", "Scheduled", "Started"] {
            #expect(all.contains(reason), "\(all)")
        }
        let pod = try #require(try readyPods().first)
        let own = try events("--for", "pod/\(pod)", "--no-headers").split(separator: "\n")
        #expect(own.count == 2 && own.allSatisfy { $0.contains("pod/\(pod)") }, "\(own)")
        let described = try Program.run("describe", "pod", pod, in: scratch).output
        #expect(described.contains("Events:\n  Type ") && described.contains("Started container c"))
        let reasons = try events("--for=deployment/fails", "-o", "jsonpath={.items[*].reason}")
        #expect(reasons == "ScalingReplicaSet")

        // They outlast the node, with what happened last.
        try Scene.succeed("scale", "deployment", "--all", "--replicas", "0", in: scratch)
        try Scene.succeed("delete", "pod", pod, "--now", in: scratch)
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(try events("--for", "pod/\(pod)").contains("Killing"))
    }

    @Test func logsFollowRunsAndPodsThatCome() throws {
        let manifest = try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: ends}
            spec:
              replicas: 1
              selector: {matchLabels: {app: ends}}
              template:
                metadata: {labels: {app: ends}}
                spec:
                  containers:
                  - name: c
                    image: c
                    command: [sh, -c, 'echo run $$; while test ! -e "\(scratch.path("go"))"; do sleep 0.1; done; rm -f "\(scratch.path("go"))"']
            """,
            to: "ends.yaml"
        )
        let node = try Program(
            ["up", "-f", manifest, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        )
        #expect(try eventually { try readyPods().count == 1 }, "\(node.errors)")
        let pod = try #require(try readyPods().first)
        let ofPod = try Program(["logs", "-f", pod], in: scratch)
        let ofAll = try Program(["logs", "-f", "deployment/ends"], in: scratch)
        let ofLabel = try Program(["logs", "-f", "-l", "app=ends"], in: scratch)
        #expect(try Program.run("logs", "-l", "app=none", in: scratch).status == 1)
        #expect(try Program.run("logs", "-l", "app=ends", pod, in: scratch).status == 64)
        #expect(eventually { ofPod.output.hasSuffix("\n") && ofAll.output.hasSuffix("\n") })
        // The container ends, and begins again.
        try scratch.write("", to: "go")
        #expect(eventually { ofPod.output.split(separator: "\n").count == 2 }, "\(ofPod.output)")
        #expect(eventually { ofAll.output.split(separator: "\n").count == 2 }, "\(ofAll.output)")
        // Another pod comes.
        try Scene.succeed("scale", "deployment/ends", "--replicas", "2", in: scratch)
        #expect(eventually { ofAll.output.split(separator: "\n").count == 3 }, "\(ofAll.output)")
        #expect(ofAll.output.split(separator: "\n").last?.hasPrefix("ends-") == true)
        // A pod that goes ends what followed it alone.
        try Scene.succeed("delete", "pod", pod, "--now", in: scratch)
        #expect(try ofPod.end().status == 0)
        #expect(eventually { ofAll.output.split(separator: "\n").count == 4 }, "\(ofAll.output)")
        node.signal(SIGTERM)
        #expect(try ofAll.end().status == 0)
        #expect(try ofLabel.end().status == 0)
        #expect(try node.end().status == 0)
        #expect(ofAll.output.split(separator: "\n").count == 4)
        #expect(ofLabel.output.split(separator: "\n").count == 4)
    }

    @Test(arguments: [["--now"], ["--grace-period=1"], ["--grace-period", "0"]])
    func podsThatDoNotEndAreEnded(options: [String]) throws {
        let node = try Program(
            ["up", "-f", try stubborn(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            in: scratch
        )
        #expect(try eventually { try readyPods().count == 1 }, "\(node.errors)")
        let pods = try readyPods()
        let pod = try #require(pods.first)
        let process = try status()["pods"]?.items.first { $0["name"]?.string == pod }?["pid"]?.integer
        let identity = try #require(process.flatMap { ProcessIdentity(of: pid_t($0)) })
        // Its own grace period is most of an hour.
        let ended = try Program(["delete", "pod", pod] + options, in: scratch).end()
        #expect(ended.status == 0 && ended.output == "pod \"\(pod)\" deleted from default namespace\n")
        #expect(!identity.isRunning)
        #expect(try eventually { try readyPods().count == 1 && readyPods().isDisjoint(with: pods) })
        try Scene.succeed("scale", "deployment", "--all", "--replicas", "0", in: scratch)
        try Scene.succeed("delete", "pods", "-l", "app=stays", "--now", in: scratch)
        #expect(try eventually { try podCount() == 0 })
    }

    @Test func whatRunsImagesInSpiteOfACommandIsTold() throws {
        let podman = try scratch.write("#!/bin/sh\n", to: "podman")
        chmod(podman, 0o700)
        func set(path: String) throws -> Program.Ended {
            let words = ["PATH=\(path)", Program.path, "images", "set", "shop:1", "--", "./shop"]
            return try Program(words, in: scratch, executable: "/usr/bin/env").end()
        }
        #expect(try set(path: scratch.path("none")).errors.isEmpty)
        let warned = try set(path: "\(scratch.path("none")):\(scratch.path)")
        #expect(warned.status == 0 && warned.output == "image/shop:1 unchanged\n")
        #expect(warned.errors.hasPrefix("warning: podman runs images on this machine"), "\(warned.errors)")
    }
}
