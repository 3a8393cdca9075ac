// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI
@testable import CanaryStore

/// Stores that are replaced, brought back or damaged while a rollout goes on: one controller acts, and no weight is set that the
/// journal does not tell.
@Suite(.timeLimit(.minutes(15))) struct RolloutStoreTests {
    private let scene: Scene

    init() throws {
        scene = try Scene()
        let head = "apiVersion: canaryctl.dev/v1alpha1\nkind: Rollout\nmetadata: {name: helloworld}\n"
        let spec = "spec: {host: helloworld, canary: v2, ramp: fixed, hold: 1h, steps: [20, 50, 100]}\n"
        try scene.run("create", "-f", scene.scratch.write(head + spec, to: "rollout.yaml"))
    }

    private var store: String { scene.scratch.path("store") }

    private func startController() throws -> Program {
        let controller = try Program(["rollout", "run"], in: scene.scratch)
        #expect(eventually { controller.errors.contains("controlling ") }, "\(controller.errors)")
        return controller
    }

    private func end(_ controller: Program) throws {
        controller.signal(SIGTERM)
        #expect(try controller.end().status == 0)
    }

    private func weight() throws -> Int64? {
        let ended = try Program.run("rollout", "status", "helloworld", "-o", "json", in: scene.scratch)
        return try JSONReader.read(ended.output)["weight"]?.integer
    }

    private func change(_ sql: String) throws {
        let store = try ClusterStore.open(at: StoreLocation(store))
        try store.write(ChangeNote(actor: "nobody")) { try $0.database.run(sql, []) }
    }

    /// Moves the rollout to its second step, with a controller that has ended then.
    private func goToSecondStep() throws {
        let controller = try startController()
        #expect(try eventually { try weight() == 20 })
        try scene.run("rollout", "promote", "helloworld")
        #expect(try eventually { try weight() == 50 })
        try end(controller)
    }

    @Test func `a controller goes over to the store that is put in the place of its own`() throws {
        let first = try startController()
        #expect(try eventually { try weight() == 20 })
        try end(first)
        // A backup that is taken while nobody writes.
        try #require(system("cp -a \(store) \(store).backup") == 0)
        let controller = try startController()
        try scene.run("rollout", "promote", "helloworld")
        #expect(try eventually { try weight() == 50 })
        try #require(unsafe rename(store, "\(store).old") == 0)
        try #require(unsafe rename("\(store).backup", store) == 0)
        #expect(eventually { controller.errors.contains("the store was replaced") }, "\(controller.errors)")
        #expect(try weight() == 20)
        let second = try Program.run("rollout", "run", in: scene.scratch)
        #expect(second.status == 1 && second.errors.contains("process \(controller.pid) does"), "\(second)")
        try scene.run("rollout", "promote", "helloworld")
        #expect(try eventually { try weight() == 50 })
        try end(controller)
    }

    @Test func `a controller stops where its journal is brought back to an earlier state`() throws {
        try goToSecondStep()
        let controller = try startController()
        let isTakingOver = try eventually {
            try Program.run("rollout", "history", "helloworld", in: scene.scratch).output
                .contains("a controller took over")
        }
        #expect(isTakingOver)
        try change(
            """
            DELETE FROM rollout_journal WHERE number >= (SELECT max(number) FROM rollout_journal \
            WHERE entry LIKE '%"tookOver"%')
            """
        )
        let ended = try controller.end()
        #expect(ended.status == 1 && ended.errors.contains("a backup was brought back"), "\(ended)")
    }

    @Test func `a journal without its end does not know the route, so the rollout waits for a person`() throws
    {
        try goToSecondStep()
        try change(
            """
            DELETE FROM rollout_journal WHERE number >= (SELECT max(number) FROM rollout_journal \
            WHERE entry LIKE '%"stepBegan"%')
            """
        )
        let controller = try startController()
        #expect(
            eventually { controller.errors.contains("changed the route's weights") },
            "\(controller.errors)"
        )
        #expect(try weight() == 50)
        try scene.run("rollout", "abort", "helloworld")
        #expect(try eventually { try weight() == 0 })
        try end(controller)
    }

    @Test(arguments: [
        "DELETE FROM rollout_journal WHERE number = 3",
        "UPDATE rollout_journal SET entry = substr(entry, 1, 20) WHERE number = 3",
    ]) func `behind a damaged entry a rollout is held where it is, and nothing of it is lost`(damage: String)
        throws
    {
        try goToSecondStep()
        try change(damage)
        let before = try Program.run("rollout", "status", "helloworld", in: scene.scratch)
        #expect(before.status == 0 && before.output.contains("what it did since is not known"), "\(before)")
        let controller = try startController()
        #expect(eventually { controller.errors.contains(" of its journal cannot be read") })
        #expect(try scene.describe().contains("50.0 %") && weight() == 50)
        let status = try Program.run("rollout", "status", "helloworld", in: scene.scratch).output
        #expect(status.contains("Paused, step 1 of ") && status.contains("\"resume\" sets "), "\(status)")
        let history = try Program.run("rollout", "history", "helloworld", in: scene.scratch).output
        #expect(history.contains("it goes on behind entry 2"), "\(history)")
        try end(controller)

        // Orders are obeyed without a controller, too.
        try scene.run("rollout", "abort", "helloworld")
        #expect(try weight() == 0)
        try scene.run("rollout", "report", "helloworld")
    }

    @Test func `a journal without its beginning sets nothing, and the rollout can be ended and begun again`()
        throws
    {
        try goToSecondStep()
        try change("UPDATE rollout_journal SET entry = substr(entry, 1, 20) WHERE number = 1")
        let controller = try startController()
        #expect(eventually { controller.errors.contains("cannot be read: nobody controls it") })
        let status = try Program.run("rollout", "status", "helloworld", in: scene.scratch)
        #expect(
            status.status == 1 && status.errors.contains("canaryctl delete rollout helloworld"),
            "\(status)"
        )
        let page = try scene.describe()
        #expect(page.contains("50.0 %") && page.contains("cannot be read"), "\(page)")
        try scene.run("delete", "rollout", "helloworld")
        try scene.run("rollout", "start", "helloworld", "v2", "--steps", "60,100", "--ramp", "fixed")
        #expect(try eventually { try weight() == 60 })
        try end(controller)
        // The run that could not be read is over, too.
        let next = try startController()
        #expect(!next.errors.contains("cannot be read"))
        try end(next)
    }
}
