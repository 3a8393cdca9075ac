// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// "Canary Deployments using Istio", the article that canaryctl begins with: its commands as they are typed there, with `kubectl` and
/// `istioctl` replaced by `canaryctl`. The `...` in its manifests are filled with what runs on this machine, and `up` stands for the
/// cluster.
@Suite(.timeLimit(.minutes(15)), .enabled(if: hasPrograms("python3"), "the servers need python3"))
struct ArticleTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        mkdir(scratch.path("bin"), 0o700)
        symlink(Program.path, scratch.path("bin/canaryctl"))
    }

    /// What a shell prints that is given these lines.
    @discardableResult
    private func shell(_ lines: String) throws -> String {
        let script = "PATH=\(scratch.path("bin")):$PATH\n\(lines)\n"
        let ended = try Program(["-e", "-c", script], in: scratch, executable: "/bin/sh").end()
        try #require(ended.status == 0, "\(lines)\n\(ended.output)\(ended.errors)")
        return ended.output
    }

    private func deployment(_ version: String) -> String {
        """
        apiVersion: extensions/v1beta1
        kind: Deployment
        metadata:
          name: helloworld-\(version)
        spec:
          replicas: 1
          template:
            metadata:
              labels:
                app: helloworld
                version: \(version)
            spec:
              containers:
              - image: helloworld-\(version)
                name: helloworld
                command: ["\(Scene.root)/examples/helloworld/serve", \(version), "$(PORT)", "0", "5"]
                ports:
                - containerPort: 5000
                resources:
                  requests:
                    cpu: 100m
        """
    }

    private func createTheService() throws {
        let created = try shell(
            """
            cat <<'EOF' | canaryctl create -f -
            apiVersion: v1
            kind: Service
            metadata:
              name: helloworld
              labels:
                app: helloworld
            spec:
              selector:
                app: helloworld
              ports:
              - port: 5000
            EOF
            cat <<'EOF' | canaryctl create -f -
            \(deployment("v1"))
            ---
            \(deployment("v2"))
            EOF
            """
        )
        let lines = ["service/helloworld", "deployment.apps/helloworld-v1", "deployment.apps/helloworld-v2"]
        #expect(created == lines.map { "\($0) created\n" }.joined())
    }

    /// The rule as the article has it first, for half of the traffic where `canary` is 50.
    private func rule(canary: Int) -> String {
        """
        apiVersion: networking.istio.io/v1alpha3
        kind: VirtualService
        metadata:
          name: helloworld
        spec:
          hosts:
            - helloworld
          http:
          - route:
            - destination:
                host: helloworld
                subset: v1
              weight: \(100 - canary)
            - destination:
                host: helloworld
                subset: v2
              weight: \(canary)
        """
    }

    private let focusedRule = """
        apiVersion: networking.istio.io/v1alpha3
        kind: VirtualService
        metadata:
          name: helloworld
        spec:
          hosts:
            - helloworld
          http:
          - match:
            - headers:
                cookie:
                  regex: "^(.*?;)?(email=[^;]*@some-company-name.com)(;.*)?$"
            route:
            - destination:
                host: helloworld
                subset: v1
              weight: 50
            - destination:
                host: helloworld
                subset: v2
              weight: 50
          - route:
            - destination:
                host: helloworld
                subset: v1
        """

    /// How many pods run, as the article counts them.
    private func pods(_ version: String) throws -> Int {
        let lines = try shell("canaryctl get pods | grep helloworld-\(version) || true")
        return lines.split(separator: "\n").count { $0.contains(" 1/1 ") && $0.contains(" Running ") }
    }

    @Test func itsCommandsWorkAsTyped() throws {
        try createTheService()
        let rule = try shell("cat <<EOF | canaryctl create -f -\n\(rule(canary: 10))\nEOF")
        #expect(rule == "virtualservice.networking.istio.io/helloworld created\n")
        let node = try Program(
            [
                "up", "--hpa-sync-period", "1s", "--workers", "1", "--listen", "127.0.0.1:0", "--admin",
                "127.0.0.1:0",
            ],
            in: scratch
        )
        #expect(try eventually { try pods("v1") == 1 && pods("v2") == 1 }, "\(node.errors)")
        let load = try Clients(at: try Scene.listener(of: node), clients: 5, pause: 100)
        try autoscale()
        #expect(try eventually { try pods("v1") >= pods("v2") + 2 }, "\(node.errors)")

        try shell("cat <<EOF | canaryctl replace -f -\n\(self.rule(canary: 50))\nEOF")
        #expect(try eventually { try pods("v2") >= 2 }, "\(node.errors)")
        // Nobody of these has a cookie.
        try shell("cat <<EOF | canaryctl apply --wait=30s -f -\n\(focusedRule)\nEOF")
        let before = load.bodies["Hello version: v2, /\n"]
        let requests = load.requests
        #expect(eventually { load.requests >= requests + 50 })
        load.end()
        // Those under way when the rule changed may have been for v2 yet.
        #expect((load.bodies["Hello version: v2, /\n"] ?? 0) - (before ?? 0) <= 5)
        #expect(load.failures == 0 && load.lost == 0)
        node.signal(SIGTERM)
        #expect(try node.end().status == 0)
    }

    private func autoscale() throws {
        let made = try shell(
            """
            canaryctl autoscale deployment helloworld-v1 --cpu-percent=50 --min=1 --max=10
            canaryctl autoscale deployment helloworld-v2 --cpu-percent=50 --min=1 --max=10
            """
        )
        #expect(
            made == """
                horizontalpodautoscaler.autoscaling/helloworld-v1 autoscaled
                horizontalpodautoscaler.autoscaling/helloworld-v2 autoscaled

                """
        )
        let table = try shell("canaryctl get hpa").split(separator: "\n")
        #expect(table.count == 3)
        #expect(
            table[0].split(separator: " ").prefix(5) == [
                "NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS",
            ]
        )
        for (line, version) in zip(table.dropFirst(), ["v1", "v2"]) {
            let fields = line.split(separator: " ").map(String.init)
            #expect(fields.prefix(2) == ["helloworld-\(version)", "Deployment/helloworld-\(version)"])
            #expect(fields[2] == "cpu:" && fields[3].hasSuffix("/50%"))
            #expect(fields[4...5] == ["1", "10"])
        }
    }
}
