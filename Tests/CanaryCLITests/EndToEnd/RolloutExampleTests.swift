// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// The Rollouts of `examples/rollouts` with real servers, a real proxy and a controller: only their holds are shorter. ``RolloutTests`` has
/// the group, ``StickyRolloutTests`` the users.
@Suite(.timeLimit(.minutes(15))) struct RolloutExampleTests {
    /// An example that a controller walks.
    private struct Walk {
        let scene: Scene
        let controller: Program

        /// - Parameter analysis: instead of a look at durations, which a busy machine makes differ.
        init(_ example: String, on scene: Scene, analysis: String = "latency: {enabled: false}") throws {
            self.scene = scene
            let bytes = try FileReader.read(path: "\(Scene.root)/examples/rollouts/\(example).yaml").get()
            var text = String(decoding: bytes, as: UTF8.self)
            for hold in ["10m", "5m"] { text = text.replacing("hold: \(hold)", with: "hold: 1s") }
            text =
                text.contains("analysis: {")
                ? text.replacing("analysis: {", with: "analysis: {\(analysis), ")
                : text + "  analysis: {\(analysis)}\n"
            try scene.run("create", "-f", try scene.scratch.write(text, to: "rollout.yaml"))
            controller = try Program(["rollout", "run"], in: scene.scratch)
        }

        func status() throws -> Node {
            let ended = try Program.run("rollout", "status", "helloworld", "-o", "json", in: scene.scratch)
            return try JSONReader.read(ended.output)
        }

        func message() throws -> String { try status()["message"]?.string ?? "" }

        func expect(_ phase: String) throws {
            let isReached = try eventually { try status()["phase"]?.string == phase }
            let page = try status()
            #expect(isReached, "\(page)")
        }

        func resume() throws {
            let isWaiting = try eventually { try message().contains("waits for \"resume\"") }
            #expect(isWaiting)
            let resumed = try Program.run("rollout", "resume", "helloworld", in: scene.scratch)
            // On a busy machine the controller may take up the order later than the command waits.
            #expect([0, 75].contains(resumed.status), "\(resumed)")
        }

        func end() throws {
            controller.signal(SIGTERM)
            #expect(try controller.end().status == 0)
        }
    }

    @Test func `by the clock, a healthy version is promoted, and one that fails then is taken back`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let walk = try Walk("fixed", on: scene)
        try walk.resume()
        try walk.expect("Promoted")
        #expect(load.failures == 0)
        scene.v2.fail()
        try walk.expect("Aborted")
        #expect(try walk.message().contains("after the promotion"))
        load.end()
        try walk.end()
    }

    @Test func `by the clock, a version that slows down is taken back`() throws {
        let scene = try Scene()
        scene.v2.slowDown(milliseconds: 80)
        let load = try Clients(on: scene)
        let walk = try Walk("fixed", on: scene, analysis: "latency: {quantiles: [p50]}")
        try walk.expect("Aborted")
        let message = try walk.message()
        #expect(message.contains("requests slower than the stable version's p50"), "\(message)")
        load.end()
        #expect(load.failures == 0)
        try walk.end()
    }

    @Test func `by evidence, a failing version is taken back`() throws {
        let scene = try Scene(fails: true)
        let load = try Clients(on: scene)
        let walk = try Walk("evidence", on: scene)
        try walk.expect("Aborted")
        #expect(try walk.message().contains(" canary errors, "))
        load.end()
        try walk.end()
    }

    @Test func `by evidence, nothing happens without traffic`() throws {
        let scene = try Scene()
        let walk = try Walk("evidence", on: scene)
        let isWaiting = try eventually { try walk.message().hasPrefix("waiting for evidence") }
        #expect(isWaiting)
        #expect(try walk.status()["weight"]?.integer == 1)
        try walk.end()
    }

    @Test func `copies first: a failing version is found, and no user saw it`() throws {
        let scene = try Scene(fails: true)
        try scene.run("set-weight", "helloworld", "v2", "0")
        let load = try Clients(on: scene)
        let walk = try Walk("mirrored", on: scene)
        try walk.expect("Aborted")
        load.end()
        #expect(load.failures == 0 && load.requests > 0)
        try walk.end()
    }

    @Test func `testers first: others get the version behind their word`() throws {
        let scene = try Scene()
        try scene.run("set-weight", "helloworld", "v2", "0")
        let walk = try Walk("focused", on: scene)
        #expect(try eventually { try scene.request("x-tester: yes") == "v2" })
        #expect(try scene.countOfV2(among: 20) == 0)
        try walk.resume()
        #expect(try eventually { try walk.status()["weight"]?.integer == 5 })
        scene.v2.fail()
        let load = try Clients(on: scene)
        try walk.expect("Aborted")
        load.end()
        try walk.end()
    }

    @Test func `chosen statuses are errors`() throws {
        let scene = try Scene()
        scene.v2.fail(with: 429)
        let load = try Clients(on: scene)
        let analysis = "latency: {enabled: false}, errors: {statuses: [429, 5xx]}"
        let walk = try Walk("fixed", on: scene, analysis: analysis)
        try walk.expect("Aborted")
        let message = try walk.message()
        #expect(message.contains("canary errors (429, 5xx), "), "\(message)")
        load.end()
        try walk.end()
    }
}
