// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryNode

/// Limits where no control group can be made.
@Suite struct MissingControlGroupsTests {
    private func deployment(_ replicas: Int, _ script: String, limits: String) throws -> Resource {
        let words = JSONWriter.canonical(.sequence(["python3", "-c", script].map { .string($0) }))
        let body = try JSONReader.read(
            """
            {"metadata": {"name": "web"}, "spec": {"replicas": \(replicas),
             "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [
              {"name": "web", "command": \(words), "resources": {"limits": \(limits)}}]}}}}
            """
        )
        return Resource(key: ResourceKey(.deployment, namespace: "default", name: "web"), body: body)
    }

    private func reason(_ pod: Resource) -> String? {
        let status = pod.body["status"]?["containerStatuses"]?.items.first
        for state in ["state", "lastState"] {
            if let reason = status?[state]?["terminated"]?["reason"]?.string { return reason }
        }
        return nil
    }

    @Test func `what takes more memory than it may is ended`() throws {
        let node = try NodeAgentTests.Watched()
        // Its child has the memory, not itself.
        let script = "import os, time\nif os.fork(): os.wait()\nx = bytearray(128 << 20); time.sleep(1000)"
        let hungry = try deployment(1, script, limits: "{\"memory\": \"64Mi\"}")
        node.mailbox.put(.cluster(NodeCluster(deployments: [hungry])))
        node.wait { node.pods.contains { reason($0) == "OOMKilled" } }
        node.stop()
    }

    @Test func `what takes less goes on, and limits of cpu are told to have no effect`() throws {
        let node = try NodeAgentTests.Watched()
        // Four processes have the same 40 MB.
        let script = "import os, time\nx = bytearray(40 << 20)\nos.fork(); os.fork()\ntime.sleep(1000)"
        let modest = try deployment(2, script, limits: "{\"memory\": \"100Mi\", \"cpu\": \"100m\"}")
        node.mailbox.put(.cluster(NodeCluster(deployments: [modest])))
        node.wait { node.ready.count == 2 }
        let pod = try #require(node.pods.first)
        let condition = pod.body["status"]?["conditions"]?.items.first {
            $0["type"]?.string == "canaryctl.dev/CPULimitEnforced"
        }
        #expect(condition?["status"]?.string == "False")
        #expect(node.events.count { $0 == "LimitNotEnforced" } == 1)
        // Several looks later.
        let end = Clock.monotonicMilliseconds() + 1600
        node.wait { Clock.monotonicMilliseconds() > end }
        #expect(node.pods.allSatisfy { reason($0) == nil })
        node.stop()
    }

    @Test func `shared memory counts once`() throws {
        let script = """
            import os, time
            x = bytearray(40 << 20)
            os.fork(); os.fork()
            print(flush=True)
            time.sleep(1000)
            """
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let child = try ChildProcess(
            "python3",
            ["-c", script],
            CurrentProcess.environment,
            descriptors: [(ends[1], 1)],
            hasOwnSession: true
        )
        var room = [UInt8](repeating: 0, count: 1)
        for _ in 0..<4 { #expect(read(ends[0], &room, 1) == 1) }
        let usage = ProcessUsage()
        #expect(usage.reading(.from(child.pid)).memory > 160 << 20)
        #expect((40 << 20..<120 << 20).contains(usage.proportionalMemory(.from(child.pid))))
        kill(-child.pid, SIGKILL)
        waitpid(child.pid, nil, 0)
        ends.forEach { close($0) }
    }
}
