// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryNode

/// A node of real processes in a thread of its own.
@Suite struct NodeAgentTests {
    /// What others see of a node: its pods as it tells of them. Pods that leave have no requests here.
    final class Watched: Sendable {
        let mailbox = NodeMailbox()
        private let state = Mutex<[ResourceKey: Resource]>([:])
        private let most = Mutex(0)
        private let seenEvents = Mutex<[String]>([])
        /// How often the node looked at the clock.
        private let looks = Looks()
        /// With how many pods it is told to stop.
        private let stopCount: Int
        private let scratch: ScratchDirectory
        private let done = EventDescriptor()

        init(stoppingWith stopCount: Int = .max) throws {
            self.stopCount = stopCount
            scratch = try ScratchDirectory()
            let place = NodePlace(
                program: builtProgram,
                logDirectory: scratch.path("logs"),
                groups: ControlGroups(name: "none", membership: "", mounts: "")
            )
            let surroundings = NodeSurroundings(
                name: "here",
                environment: ["PATH": "/usr/bin:/bin"],
                now: { [looks] in
                    looks.count.withLock { $0 += 1 }
                    return TimePoint(milliseconds: Clock.monotonicMilliseconds())
                },
                wallOffset: 0,
                makeUID: { UUID.random().description }
            )
            let thread = Thread(name: "node") { [self] in
                let hands = NodeHands(
                    publish: { self.take($0) },
                    drain: { key, _ in self.mailbox.put(.drained(key)) },
                    ask: { key, network in self.mailbox.put(.answered(key, network.question, failure: nil)) }
                )
                NodeAgent(
                    at: place,
                    in: surroundings,
                    mailbox: mailbox,
                    hands: hands,
                    random: SeededGenerator(seed: 7)
                ).run()
                done.signal()
            }
            thread?.detach()
        }

        private func take(_ news: NodeNews) {
            let count = state.withLock { pods in
                for pod in news.changed { pods[pod.key] = pod }
                for key in news.removed { pods[key] = nil }
                return pods.count
            }
            most.withLock { $0 = max($0, count) }
            if count >= stopCount { mailbox.put(.stop) }
            seenEvents.withLock { $0 += news.events.map(\.event.reason) }
        }

        var pods: [Resource] { state.withLock { Array($0.values) } }
        var ready: [Resource] { pods.filter { $0.pod?.isReady == true } }
        var mostPods: Int { most.withLock(\.self) }
        var events: [String] { seenEvents.withLock(\.self) }

        func wait(until holds: () -> Bool, _ place: SourceLocation = #_sourceLocation) {
            let end = Clock.monotonicMilliseconds() + 60_000
            while !holds() {
                guard Clock.monotonicMilliseconds() < end else {
                    Issue.record("not within a minute: \(pods.map(\.name))", sourceLocation: place)
                    return
                }
                usleep(2000)
            }
        }

        /// - Returns: how often the node looked at the clock.
        func waitForEnd() -> Int {
            #expect(done.wait(milliseconds: 60_000))
            #expect(pods.isEmpty)
            return looks.count.withLock(\.self)
        }

        func stop() {
            mailbox.put(.stop)
            #expect(done.wait(milliseconds: 60_000))
            #expect(pods.isEmpty)
        }
    }

    final class Looks: Sendable {
        let count = Mutex(0)
    }

    private func deployment(
        _ replicas: Int,
        _ command: String = "exec sleep 1000",
        extra: String = "",
        port: String = "{\"containerPort\": 80}"
    ) throws -> Resource {
        let body = try JSONReader.read(
            Array(
                """
                {"metadata": {"name": "web"}, "spec": {"replicas": \(replicas), \(extra)
                 "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [
                  {"name": "web", "command": ["sh", "-c", "\(command)"], "ports": [\(port)]}]}}}}
                """.utf8
            )
        )
        return Resource(key: ResourceKey(.deployment, namespace: "default", name: "web"), body: body)
    }

    @Test func runsAsManyAsDeclared() throws {
        let node = try Watched()
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(3)])))
        node.wait { node.ready.count == 3 }
        let ports = Set(node.ready.compactMap { $0.pod?.template.containers.first?.ports.first?.hostPort })
        #expect(ports.count == 3)
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(1)])))
        node.wait { node.pods.count == 1 }
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(4)])))
        node.wait { node.ready.count == 4 }
        node.mailbox.put(.cluster(NodeCluster(deployments: [])))
        node.wait { node.pods.isEmpty }
        node.stop()
    }

    /// More pods than are made at once come in steps, and a node that stops between two of them waits for what it made.
    @Test func makesManyPodsInSteps() throws {
        let node = try Watched()
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(50)])))
        node.wait { node.ready.count == 50 }
        node.stop()
        let stopped = try Watched(stoppingWith: 20)
        let stubborn = "trap '' TERM; sleep 1000 & wait; wait"
        stopped.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(200, stubborn)])))
        // Each pod tells a few things; one that turned without waiting would look thousands of times.
        #expect(stopped.waitForEnd() < 1000)
        #expect(stopped.mostPods == 20)
    }

    @Test func tellsOnceOfWhatItDoesNotServe() throws {
        let node = try Watched()
        let port = #"{"containerPort": 80, "hostPort": 8080}"#
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(2, port: port)])))
        node.wait { node.ready.count == 2 }
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(3, port: port)])))
        node.wait { node.ready.count == 3 }
        #expect(node.events.filter { $0 == "NotServed" }.count == 1)
        node.stop()
    }

    @Test func replacesWhatIsDeletedOrKilled() throws {
        let node = try Watched()
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(2)])))
        node.wait { node.ready.count == 2 }
        let first = try #require(node.ready.first)
        node.mailbox.put(.delete(first.key, gracePeriod: .zero))
        node.wait { node.ready.count == 2 && !node.pods.contains { $0.key == first.key } }
        node.stop()
    }

    @Test func updatesWithoutFewerThanAllowed() throws {
        let node = try Watched()
        let strategy = "\"strategy\": {\"rollingUpdate\": {\"maxSurge\": 1, \"maxUnavailable\": 0}},"
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(3, extra: strategy)])))
        node.wait { node.ready.count == 3 }
        let before = Set(node.pods.map(\.key))
        node.mailbox.put(
            .cluster(NodeCluster(deployments: [try deployment(3, "exec sleep 2000", extra: strategy)]))
        )
        var fewest = 3
        node.wait {
            fewest = min(fewest, node.ready.count)
            return node.pods.count == 3 && before.isDisjoint(with: node.pods.map(\.key))
                && node.ready.count == 3
        }
        #expect(fewest == 3)
        // Those that leave are pods, too, until their processes have ended.
        #expect(node.mostPods <= 5)
        #expect(node.events.contains("ScalingReplicaSet"))
        node.stop()
    }

    @Test func aCrashingPodIsStartedAgainWithBackOff() throws {
        let node = try Watched()
        node.mailbox.put(.cluster(NodeCluster(deployments: [try deployment(1, "exit 1")])))
        node.wait { node.events.contains("BackOff") }
        #expect(node.pods.count == 1 && node.ready.isEmpty)
        node.stop()
    }
}
