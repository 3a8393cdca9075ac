// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI
@testable import CanaryStore

/// The example of a rollout of sticky traffic, with real servers and a real proxy.
@Suite(.timeLimit(.minutes(15))) struct StickyRolloutTests {
    /// The users of a scene that get v2.
    private func usersOfV2(_ scene: Scene, among count: Int = 60) throws -> Set<String> {
        Set(try (0..<count).map { "user-\($0)" }.filter { try scene.request("x-user: \($0)") == "v2" })
    }

    private func status(_ scene: Scene) throws -> Node {
        try JSONReader.read(
            try Program.run("rollout", "status", "helloworld", "-o", "json", in: scene.scratch).output
        )
    }

    private func expect(_ phase: String, _ scene: Scene) throws {
        let isReached = try eventually { try status(scene)["phase"]?.string == phase }
        let page = try status(scene)
        #expect(isReached, "\(page)")
    }

    /// Begins the example's rollout with shorter steps and without a look at durations, which a busy machine makes differ.
    private func begin(_ scene: Scene) throws -> Program {
        let bytes = try FileReader.read(path: "\(Scene.root)/examples/rollouts/sticky.yaml").get()
        let example = String(decoding: bytes, as: UTF8.self)
            .replacing("hold: 30m", with: "hold: 3s\n  analysis: {latency: {enabled: false}}")
        try scene.run("create", "-f", try scene.scratch.write(example, to: "rollout.yaml"))
        return try Program(["rollout", "run"], in: scene.scratch)
    }

    @Test
    func `a user who fails with every version does not take v2 back, and nobody leaves it while it grows`()
        throws
    {
        let scene = try Scene(example: "sticky")
        let few = try usersOfV2(scene)
        let broken = try #require(few.first)
        let load = try Clients(on: scene) { number in
            // Half of all requests are this user's, and fail.
            number % 4 < 2 ? "x-user: \(broken)\r\nx-broken: yes\r\n" : "x-user: user-\(number % 1000)\r\n"
        }
        let controller = try begin(scene)
        try expect("Promoted", scene)
        load.end()
        #expect(load.failures > 20, "\(load.failures)")
        // Once a step, and perhaps once more where the proxy was seen in the middle of one.
        let errors = try #require(try status(scene)["analysis"]?.items.first)
        let counted = try #require(errors["canary"]?["events"]?.integer)
        #expect((1...2).contains(counted), "\(errors)")
        let users = try usersOfV2(scene)
        #expect(users.isSuperset(of: few))
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `a version that fails is taken back, and its users with it`() throws {
        let scene = try Scene(example: "sticky")
        let users = try usersOfV2(scene)
        #expect(!users.isEmpty)
        scene.v2.fail()
        let load = try Clients(on: scene) { "x-user: user-\($0)\r\n" }
        let controller = try begin(scene)
        try expect("Aborted", scene)
        let message = try #require(try status(scene)["message"]?.string)
        #expect(
            message.contains("canary users with errors") && message.contains("expected at 20 %"),
            "\(message)"
        )
        #expect(try eventually { try usersOfV2(scene).isEmpty })
        load.end()
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    /// Users that were counted, whatever version they got, over all proxies, and requests.
    private func counted(_ scene: Scene) throws -> (users: UInt64, failed: UInt64, requests: UInt64) {
        let location = StoreLocation(scene.scratch.path("store"))
        let store = try ClusterStore.open(at: location).read { $0.storeUID }
        let runtime = RuntimeStore(at: location, context: .system) { _ in }
        let evidence = try runtime.evidence(store: store, host: "helloworld.default.svc.cluster.local").values
        return evidence.reduce((0, 0, 0)) { sum, own in
            (
                sum.0 + (own.users?.assigned ?? 0), sum.1 + (own.users?.failed ?? 0),
                sum.2 + own.ended
            )
        }
    }

    @Test func `a user whose requests reach two proxies counts once, also when one of them is killed`() throws
    {
        let scene = try Scene(example: "sticky")
        let count = 200
        var second = try Scene.startProxy(in: scene.scratch)
        var clients = [
            try Loopback(to: try Scene.listener(of: scene.proxy)),
            try Loopback(to: try Scene.listener(of: second)),
        ]
        var sent: UInt64 = 0
        /// One request of each user to each proxy, of which another one comes first each time.
        func request(fails: Bool = false) throws {
            for user in 0..<count {
                for client in user % 2 == 0 ? clients : clients.reversed() {
                    let broken = fails ? "x-broken: yes\r\n" : ""
                    client.send("GET / HTTP/1.1\r\nhost: helloworld\r\nx-user: user-\(user)\r\n\(broken)\r\n")
                    _ = try #require(client.receive())
                    sent += 1
                }
            }
            #expect(try eventually { try counted(scene).requests == sent })
        }
        try request()
        let users = try counted(scene).users
        // Two may have the same mark.
        #expect((UInt64(count) - 3...UInt64(count)).contains(users))
        try request(fails: true)
        #expect(try counted(scene).users == users && counted(scene).failed == users)

        second.signal(SIGKILL)
        _ = try second.end()
        second = try Scene.startProxy(in: scene.scratch)
        clients[1] = try Loopback(to: try Scene.listener(of: second))
        try request(fails: true)
        #expect(try counted(scene).users == users && counted(scene).failed == users)
        // Nobody is told apart by files any more when all have gone.
        for proxy in [scene.proxy, second] {
            proxy.signal(SIGTERM)
            #expect(try proxy.end().status == 0)
        }
        #expect(access(scene.scratch.path("store/users"), F_OK) != 0)
    }
}
