// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Pods that wait for what is not there yet, and pods that take all they can get, beside others that serve.
@Suite(.timeLimit(.minutes(10))) struct PodNeighbourTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    private func deployment(_ container: String) throws -> String {
        try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: neighbour}
            spec:
              selector: {matchLabels: {app: neighbour}}
              template:
                metadata: {labels: {app: neighbour}}
                spec:
                  containers:
                  - name: c
                    image: c
            \(container.split(separator: "\n").map { "        \($0)" }.joined(separator: "\n"))
            """,
            to: "neighbour.yaml"
        )
    }

    private func neighbour() throws -> String {
        try Program.run("get", "pods", "-l", "app=neighbour", "--no-headers", in: scratch).output
    }

    private func logs() throws -> String {
        try Program.run("logs", "deployment/neighbour", in: scratch).output
    }

    @Test func podsStartWhenWhatTheyNeedIsThere() throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let needing = try deployment(
            """
            command: [sh, -c, 'echo "$GREETING, $NAME"; exec sleep 3600']
            env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}]
            envFrom: [{secretRef: {name: names}}]
            """
        )
        try Scene.succeed("apply", "-f", needing, in: scratch)
        #expect(try eventually { try neighbour().contains(" CreateContainerConfigError ") })
        let pod = try #require(try neighbour().split(separator: " ").first.map(String.init))
        func misses(_ what: String) throws -> Bool {
            try Program.run("describe", "pod", pod, in: scratch).output.contains("\(what) not found")
        }
        let waiting = try Program(["rollout", "status", "deployment/neighbour"], in: scratch)
        // Variables of whole objects come first, as with kubelet.
        #expect(try eventually { try misses(#"secret "names""#) })
        // Who waits for it long is told, too.
        let hint = #"hint: pod \#(pod) is CreateContainerConfigError: secret "names" not found;"#
        #expect(eventually { waiting.errors.hasPrefix(hint) }, "\(waiting.errors)")
        let names = try scratch.write(
            "{apiVersion: v1, kind: Secret, metadata: {name: names}, stringData: {NAME: Ada}}",
            to: "names.yaml"
        )
        try Scene.succeed("apply", "-f", names, in: scratch)
        #expect(try eventually { try misses(#"configmap "words""#) })
        let words = try scratch.write(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {greeting: Good day}}",
            to: "words.yaml"
        )
        try Scene.succeed("apply", "-f", words, in: scratch)
        #expect(try eventually { try logs() == "Good day, Ada\n" })
        let waited = try waiting.end()
        #expect(waited.status == 0 && waited.output.hasSuffix("successfully rolled out\n"), "\(waited)")
        // It is the pod that waited.
        #expect(try neighbour().split(separator: " ").prefix(4) == ["\(pod)", "1/1", "Running", "0"])
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
        #expect(NodeProcesses(in: scratch).members.isEmpty)
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func aPodThatForksWithoutEndTakesNobodyDown(ending: Int32) throws {
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let client = Client(of: try Scene.listener(of: node))
        // Each is in a session of its own, and has forgotten its parent. Where no control group bounds them, they are 2,000.
        try scratch.write(
            """
            import os, time
            made = 0
            for _ in range(2000):
                try:
                    if os.fork() == 0:
                        os.setsid()
                        time.sleep(3600)
                    made += 1
                except OSError:
                    pass
            print("made", made, flush=True)
            time.sleep(3600)
            """,
            to: "bomb.py"
        )
        let bomb = try deployment("command: [python3, \"\(scratch.path("bomb.py"))\"]")
        try Scene.succeed("apply", "-f", bomb, in: scratch)
        #expect(try eventually { try logs().hasPrefix("made ") }, "\(node.errors)")
        let made = try #require(Int(try logs().dropFirst(5).dropLast()))
        let isBounded = ControlGroups.ofThisProcess(name: "none").enforced.contains(.pids)
        #expect(isBounded ? made == ContainerLimits().processes - 1 : made > 0, "\(made)")

        // All that others do goes on: requests, commands, new pods.
        let answered = client.answers["v1", default: 0]
        try Scene.succeed("scale", "deployment/web", "--replicas", "3", in: scratch)
        #expect(try eventually { try readyPods().count == 4 }, "\(node.errors)")
        #expect(eventually { client.answers["v1", default: 0] > answered + 100 })
        #expect(Set(client.stop().keys) == ["v1"], "\(client.answers)")
        #expect(try neighbour().contains(" Running "))

        node.signal(ending)
        #expect(try node.end().status == (ending == SIGTERM ? 0 : 128 + SIGKILL))
        #expect(eventually { NodeProcesses(in: scratch).members.isEmpty })
    }
}
