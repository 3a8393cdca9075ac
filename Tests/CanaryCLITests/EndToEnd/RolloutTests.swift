// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Rollouts with real servers, a real proxy and a controller in a process of its own.
@Suite(.timeLimit(.minutes(15))) struct RolloutTests {
    private func status(_ scene: Scene) throws -> Node {
        let ended = try Program.run("rollout", "status", "helloworld", "-o", "json", in: scene.scratch)
        return try JSONReader.read(ended.output)
    }

    /// Waits for a phase.
    private func expect(_ phase: String, _ scene: Scene) throws {
        let isReached = try eventually { try status(scene)["phase"]?.string == phase }
        let page = try Program.run("rollout", "status", "helloworld", in: scene.scratch).output
        #expect(isReached, "\(page)")
    }

    private func startController(_ scene: Scene) throws -> Program {
        let controller = try Program(["rollout", "run"], in: scene.scratch)
        #expect(eventually { controller.errors.contains("controlling ") }, "\(controller.errors)")
        return controller
    }

    /// Begins a rollout by the clock, and waits for its first step.
    private func start(_ scene: Scene, _ spec: String) throws {
        try create("ramp: fixed, \(spec)", in: scene)
        let isHolding = try eventually {
            try status(scene)["message"]?.string?.hasPrefix("holding") == true
        }
        #expect(isHolding)
    }

    /// Creates a Rollout of helloworld to v2. On a busy machine whoever has fewer requests is slower by more than is tolerated, so
    /// that durations are not compared here.
    private func create(_ spec: String, in scene: Scene) throws {
        let head = "apiVersion: canaryctl.dev/v1alpha1\nkind: Rollout\nmetadata: {name: helloworld}\n"
        let common = "host: helloworld, canary: v2, analysis: {latency: {enabled: false}}"
        let file = try scene.scratch.write("\(head)spec: {\(common), \(spec)}\n", to: "r.yaml")
        try scene.run("create", "-f", file)
    }

    @Test func `a healthy version is promoted`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        try create("hold: 1h", in: scene)
        let ended = try Program(
            [
                "rollout", "start", "helloworld", "v2", "--steps", "20,50,100", "--ramp", "fixed",
                "--hold", "1s",
                "--watch",
            ],
            in: scene.scratch
        ).end()
        load.end()
        #expect(ended.status == 0, "\(ended)")
        #expect(ended.output.contains("step 2 of 3: 50 %") && ended.output.contains("v2 gets 100 %"))
        let status = try status(scene)
        #expect(status["phase"]?.string == "Promoted" && status["weight"]?.integer == 100, "\(status)")
        let history = try Program.run("history", "helloworld", in: scene.scratch).output
        #expect(history.contains("rollout/helloworld") && history.contains("promote v2"), "\(history)")
    }

    @Test func `a failing version is taken back, with the numbers`() throws {
        let scene = try Scene(fails: true)
        let load = try Clients(on: scene)
        let ended = try Program(
            ["rollout", "start", "helloworld", "v2", "--steps", "10,100", "--watch"],
            in: scene.scratch
        ).end()
        #expect(ended.status == 1, "\(ended)")
        #expect(ended.output.contains("aborted: ") && ended.output.contains("expected at 10 %"), "\(ended)")
        let status = try status(scene)
        #expect(status["phase"]?.string == "Aborted" && status["weight"]?.integer == 0, "\(status)")
        #expect(status["message"]?.string?.contains(" canary errors, ") == true)
        #expect(status["analysis"]?.items.first?["verdict"]?.string == "worse")
        load.end()
        // What was under way when the weight changed is answered by now.
        let after = try Clients(on: scene)
        after.end()
        #expect(after.failures == 0 && after.requests > 0)
    }

    @Test func `an edit by hand pauses, and stands until resume`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        try start(scene, "steps: [20, 100], hold: 1h")
        try scene.run("set-weight", "helloworld", "v2", "40")
        try expect("Paused", scene)
        let paused = try status(scene)
        #expect(paused["message"]?.string?.contains("ada changed the route's weights") == true, "\(paused)")
        #expect(paused["weight"]?.integer == 40)
        // On a busy machine the controller may take up the order later than the command waits.
        let resumed = try Program.run("rollout", "resume", "helloworld", in: scene.scratch)
        #expect([0, 75].contains(resumed.status), "\(resumed)")
        #expect(try eventually { try status(scene)["weight"]?.integer == 20 })
        load.end()
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `objects begin rollouts, and end them`() throws {
        let scene = try Scene()
        let controller = try startController(scene)
        let manifest = """
            apiVersion: canaryctl.dev/v1alpha1
            kind: Rollout
            metadata: {name: slowly}
            spec: {host: helloworld, canary: v2, steps: [20], ramp: fixed, hold: 1h}
            """
        let file = try scene.scratch.write(manifest, to: "rollout.yaml")
        try scene.run("create", "-f", file)
        #expect(try eventually { try status(scene)["weight"]?.integer == 20 })
        #expect(try status(scene)["name"]?.string == "slowly")
        try scene.scratch.write(manifest.replacing("[20]", with: "[40]"), to: "rollout.yaml")
        try scene.run("apply", "-f", file)
        let isTold = try eventually {
            try status(scene)["message"]?.string?.contains("manifest was changed") == true
        }
        #expect(isTold && controller.errors.contains("ada changed its manifest"), "\(controller.errors)")
        #expect(try status(scene)["weight"]?.integer == 20)
        try scene.run("rollout", "abort", "helloworld")
        try scene.run("rollout", "retry", "helloworld")
        #expect(try eventually { try status(scene)["weight"]?.integer == 40 })
        try scene.run("delete", "rollout", "slowly")
        #expect(eventually { controller.errors.contains("ada deleted it") })
        let gone = try Program.run("rollout", "status", "helloworld", in: scene.scratch)
        #expect(gone.status == 1 && gone.errors.contains("has no rollout"), "\(gone)")
        #expect(try scene.describe().contains("40.0 %"))
        // The object comes back, and a run with it.
        try scene.run("undo", "helloworld")
        try expect("Progressing", scene)
    }

    @Test func `a failing version that gets copies is found before any user sees it`() throws {
        let scene = try Scene(fails: true)
        try scene.run("set-weight", "helloworld", "v2", "0")
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        try create("steps: [{mirror: 50, hold: 1s}, 20, 100]", in: scene)
        try expect("Aborted", scene)
        load.end()
        #expect(load.failures == 0 && load.requests > 0)
        #expect(!controller.errors.contains("step 2"), "\(controller.errors)")
        let route = try Program.run("get", "vs", "helloworld", "-o", "yaml", in: scene.scratch).output
        #expect(!route.contains("mirrors:"), "\(route)")
    }

    @Test func `a healthy version that gets copies gets requests then`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        try create("ramp: fixed, hold: 1s, steps: [{mirror: 50}, 20, 100]", in: scene)
        try expect("Promoted", scene)
        load.end()
        let history = try Program.run("history", "helloworld", in: scene.scratch).output
        #expect(history.contains("v2 gets copies of 50 %"), "\(history)")
        #expect(controller.errors.contains("v2 is promoted"))
    }

    @Test func `testers get the new version first, and an edit of their route pauses`() throws {
        let scene = try Scene()
        try scene.run("set-weight", "helloworld", "v2", "0")
        let controller = try startController(scene)
        let testers = "{match: [{headers: {x-tester: {exact: \"yes\"}}}], pause: true}"
        try create("ramp: fixed, hold: 1s, steps: [\(testers), 20]", in: scene)
        #expect(try eventually { try scene.request("x-tester: yes") == "v2" })
        #expect(try scene.countOfV2(among: 20) == 0)
        #expect(try eventually { try status(scene)["message"]?.string?.contains("\"resume\"") == true })
        try scene.run("rollout", "resume", "helloworld")
        #expect(try eventually { try status(scene)["weight"]?.integer == 20 })
        #expect(try eventually { try scene.countOfV2(among: 40, "x-tester: yes") < 40 })
        try scene.run("rollout", "abort", "helloworld")
        try scene.run("rollout", "retry", "helloworld")
        #expect(try eventually { try scene.countOfV2(among: 20, "x-tester: yes") == 20 })
        // Somebody takes the testers' route away: no weight has changed.
        try scene.run("undo", "helloworld")
        try expect("Paused", scene)
        let isTold = eventually { controller.errors.contains("ada changed the route") }
        #expect(isTold, "\(controller.errors)")
    }

    @Test func `a controller that was killed goes on where it was, and counts nothing twice`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let killed = try startController(scene)
        try start(scene, "steps: [20, 100], hold: 3s")
        killed.signal(SIGKILL)
        _ = try killed.end()
        let controller = try startController(scene)
        try expect("Promoted", scene)
        load.end()
        let errors = try #require(try status(scene)["analysis"]?.items.first)
        let counted = ["canary", "stable"].compactMap { errors[$0]?["requests"]?.integer }.reduce(0, +)
        #expect(counted > 0 && counted <= load.requests, "\(counted) of \(load.requests)")
        let history = try Program.run("rollout", "history", "helloworld", in: scene.scratch).output
        #expect(history.contains("a controller took over"), "\(history)")
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `others have their say, and are told what becomes of it`() throws {
        let scene = try Scene()
        let gate = try VersionServer("gate")
        let load = try Clients(on: scene)
        let example = try FileReader.read(path: "\(Scene.root)/examples/rollouts/metrics.yaml").get()
        let events = scene.scratch.path("events")
        let text = String(decoding: example, as: UTF8.self)
            .replacing("127.0.0.1:8900", with: gate.address).replacing("rollout-events.log", with: events)
        let controller = try startController(scene)
        try scene.run("create", "-f", scene.scratch.write(text, to: "metrics.yaml"))
        #expect(try eventually { try status(scene)["phase"]?.string == "Progressing" })
        // What has begun asks what its templates were.
        try scene.run("delete", "analysistemplate", "load")
        try expect("Promoted", scene)
        load.end()
        let history = try Program.run("rollout", "history", "helloworld", in: scene.scratch).output
        #expect(
            history.contains("metric \"load\": good") && history.contains("metric \"approval\": good"),
            "\(history)"
        )
        func told() -> String {
            (try? FileReader.read(path: events).get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        #expect(eventually { told().contains("promoted: promoted\n") }, "\(told())")
        #expect(told().contains("started: started: v1 → v2") && told().contains("stepped: step 2 of 3: 50 %"))
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `a metric that fails takes the version back, and one without answer never holds that up`()
        throws
    {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        let hanging = "{name: hangs, command: [sleep, \"1000\"], timeout: 10m}"
        let metrics =
            "metrics: [\(hanging), {name: stock, command: [\"false\"], interval: 1s, onFailure: abort}]"
        let spec =
            "host: helloworld, canary: v2, steps: [20, 100], analysis: {latency: {enabled: false}, \(metrics)}"
        let head = "apiVersion: canaryctl.dev/v1alpha1\nkind: Rollout\nmetadata: {name: helloworld}\n"
        try scene.run("create", "-f", scene.scratch.write("\(head)spec: {\(spec)}\n", to: "r.yaml"))
        try expect("Aborted", scene)
        #expect(try status(scene)["message"]?.string == "metric \"stock\" failed: status 1")
        load.end()
        // Whoever still hangs ends with the controller.
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `a group is taken back as one`() throws {
        let scene = try Scene()
        let (stable, failing) = (try VersionServer("v1"), try VersionServer("v2", fails: true))
        try scene.run("create", "-f", "\(Scene.root)/examples/rollouts/cart.yaml")
        try scene.run("register", "cart", stable.address, "-l", "version=v1")
        try scene.run("register", "cart", failing.address, "-l", "version=v2")
        let (load, cartLoad) = (try Clients(on: scene), try Clients(on: scene, host: "cart"))
        let controller = try startController(scene)
        let example = try FileReader.read(path: "\(Scene.root)/examples/rollouts/grouped.yaml").get()
        let rollouts = String(decoding: example, as: UTF8.self)
            .replacing("group: shop", with: "group: shop, analysis: {latency: {enabled: false}}")
        try scene.run("create", "-f", scene.scratch.write(rollouts, to: "grouped.yaml"))
        try expect("Aborted", scene)
        let cart = try Program.run("rollout", "status", "cart", in: scene.scratch).output
        #expect(cart.contains("Aborted") && cart.contains("canary errors"), "\(cart)")
        #expect(try status(scene)["message"]?.string?.contains("cart of the same group") == true)
        #expect(try status(scene)["weight"]?.integer == 0)
        load.end()
        cartLoad.end()
        #expect(load.failures == 0)
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    /// `CANARYCTL_KILLS` is how often.
    @Test func `controllers killed again and again count nothing twice, and promote all the same`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        try create("ramp: fixed, hold: 2s, steps: [20, 50]", in: scene)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<(getenv("CANARYCTL_KILLS").flatMap { Int(String(cString: $0)) } ?? 4) {
            let controller = try Program(["rollout", "run"], in: scene.scratch)
            usleep(UInt32(random.next() % 1_000_000))
            controller.signal(SIGKILL)
            _ = try controller.end()
        }
        let controller = try startController(scene)
        try expect("Promoted", scene)
        load.end()
        let errors = try #require(try status(scene)["analysis"]?.items.first)
        let counted = ["canary", "stable"].compactMap { errors[$0]?["requests"]?.integer }.reduce(0, +)
        #expect(counted > 0 && counted <= load.requests, "\(counted) of \(load.requests)")
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `a proxy that is killed takes nothing of the rollout with it`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        try start(scene, "steps: [20, 50], hold: 3s")
        scene.proxy.signal(SIGKILL)
        _ = try scene.proxy.end()
        let next = try Scene.startProxy(in: scene.scratch)
        let nextLoad = try Clients(at: Scene.listener(of: next))
        try expect("Promoted", scene)
        load.end()
        nextLoad.end()
        let errors = try #require(try status(scene)["analysis"]?.items.first)
        let counted = ["canary", "stable"].compactMap { errors[$0]?["requests"]?.integer }.reduce(0, +)
        let sent = load.requests + nextLoad.requests
        // A request that was under way when the proxy was killed has no answer, and may be counted.
        #expect(counted > 0 && counted <= sent + 2, "\(counted) of \(sent)")
        let history = try Program.run("rollout", "history", "helloworld", in: scene.scratch).output
        #expect(history.contains("vanished"), "\(history)")
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `users stay with the version that they got while its share grows`() throws {
        let scene = try Scene(example: "sticky")
        let controller = try startController(scene)
        try create("ramp: fixed, hold: 1h, steps: [20, 60]", in: scene)
        #expect(try eventually { try status(scene)["weight"]?.integer == 20 })
        func users() throws -> Set<Int> {
            Set(try (0..<60).filter { try scene.request("x-user: \($0)") == "v2" })
        }
        let few = try users()
        try scene.run("rollout", "promote", "helloworld")
        #expect(try eventually { try status(scene)["weight"]?.integer == 60 })
        #expect(try eventually { try users().count > few.count })
        #expect(try users().isSuperset(of: few))
        try scene.run("rollout", "abort", "helloworld")
        #expect(try eventually { try users().isEmpty })
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `failures behind the promotion bring the old version back`() throws {
        let scene = try Scene()
        let load = try Clients(on: scene)
        let controller = try startController(scene)
        try create("ramp: fixed, hold: 1s, steps: [50]", in: scene)
        try expect("Promoted", scene)
        scene.v2.fail()
        try expect("Aborted", scene)
        #expect(try status(scene)["message"]?.string?.contains("after the promotion") == true)
        #expect(try eventually { try status(scene)["weight"]?.integer == 0 })
        load.end()
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `without traffic nothing moves, and status says so`() throws {
        let scene = try Scene()
        let controller = try startController(scene)
        try create("ramp: fixed, hold: 1s, steps: [20, 50]", in: scene)
        let isWaiting = try eventually {
            try status(scene)["message"]?.string?.contains("v2 got no request yet") == true
        }
        #expect(isWaiting)
        #expect(try status(scene)["weight"]?.integer == 20)
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `without a controller for long, all requests go to the stable version until one is back`()
        throws
    {
        let scene = try Scene()
        let killed = try startController(scene)
        try create("steps: [50], hold: 1h, onControllerLost: {after: 2s, traffic: stable}", in: scene)
        #expect(try eventually { try status(scene)["weight"]?.integer == 50 })
        killed.signal(SIGKILL)
        _ = try killed.end()
        #expect(eventually { scene.proxy.errors.contains("no controller: all requests to helloworld") })
        #expect(try eventually { try scene.countOfV2(among: 40) == 0 })
        let controller = try startController(scene)
        #expect(try eventually { try scene.countOfV2(among: 40) > 5 })
        #expect(try status(scene)["phase"]?.string == "Progressing")
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `without a controller, all rollouts of one VirtualService go to their stable versions`() throws
    {
        let scene = try Scene()
        let split = "[{destination: {host: helloworld, subset: v1}, weight: 100}]"
        let manifest = """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: helloworld}
            spec:
              hosts: [helloworld]
              http:
                - {name: beta, match: [{headers: {x-beta: {exact: "yes"}}}], route: \(split)}
                - {name: main, route: \(split)}
            """
        try scene.run("apply", "-f", scene.scratch.write(manifest, to: "routes.yaml"))
        let rollouts = ["beta", "main"].map { name in
            """
            apiVersion: canaryctl.dev/v1alpha1
            kind: Rollout
            metadata: {name: \(name)}
            spec:
              {host: helloworld, canary: v2, route: \(name), steps: [50], hold: 1h, onControllerLost: {after: 2s, traffic: stable}}
            """
        }
        try scene.run(
            "create",
            "-f",
            scene.scratch.write(rollouts.joined(separator: "\n---\n"), to: "r.yaml")
        )
        let killed = try startController(scene)
        func counts() throws -> [Int] {
            [try scene.countOfV2(among: 40), try scene.countOfV2(among: 40, "x-beta: yes")]
        }
        #expect(try eventually { try counts().allSatisfy { $0 > 5 } })
        killed.signal(SIGKILL)
        _ = try killed.end()
        #expect(eventually { scene.proxy.errors.contains("no controller: all requests to helloworld") })
        #expect(try eventually { try counts() == [0, 0] })
        let controller = try startController(scene)
        #expect(try eventually { try counts().allSatisfy { $0 > 5 } })
        #expect(scene.proxy.errors.contains("requests to helloworld.default go as the store says again"))
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    @Test func `without a controller an order is obeyed by the command`() throws {
        let scene = try Scene()
        let started = try Program.run("rollout", "start", "helloworld", "v2", in: scene.scratch)
        #expect(started.status == 0 && started.errors.contains("no controller runs"), "\(started)")
        try scene.run("rollout", "abort", "helloworld", "--reason", "not today")
        let status = try status(scene)
        #expect(status["phase"]?.string == "Aborted" && status["weight"]?.integer == 0, "\(status)")
        #expect(status["message"]?.string == "by ada: not today")
        let again = try Program.run("rollout", "pause", "helloworld", in: scene.scratch)
        #expect(again.status == 1 && again.errors.contains("cannot pause"), "\(again)")
        try scene.run("rollout", "retry", "helloworld")
        #expect(try self.status(scene)["attempt"]?.integer == 2)
    }

    @Test func `a store has one controller`() throws {
        let scene = try Scene()
        let first = try startController(scene)
        let second = try Program.run("rollout", "run", in: scene.scratch)
        #expect(second.status == 1 && second.errors.contains("process \(first.pid) does"), "\(second)")
    }
}
