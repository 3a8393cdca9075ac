// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI
@testable import CanaryStore

/// One object whose stored text is no JSON stands in nobody else's way.
@Suite struct DamagedObjectTests {
    private let scratch: ScratchDirectory
    private let damaged: [ResourceKey]

    init() throws {
        scratch = try ScratchDirectory()
        damaged = [
            ResourceKey(.deployment, namespace: "default", name: "helloworld-v1"),
            ResourceKey(.virtualService, namespace: "default", name: "helloworld"),
        ]
        #expect(run("create", "-f", "\(Scene.root)/examples/helloworld").status == .success)
        let store = try ClusterStore.open(at: StoreLocation(scratch.path("store")))
        try store.write(ChangeNote(actor: "nobody")) { writer in
            for key in damaged {
                try writer.database.run(
                    #"UPDATE objects SET body = '{"kind": ' WHERE kind = ? AND name = ?"#,
                    [.text(key.kind.rawValue), .text(key.name)]
                )
            }
        }
    }

    private func run(_ words: String...) -> (status: CanaryCLI.ExitStatus, output: String, errors: String) {
        let world = TestWorld(directory: scratch.path)
        let status = CommandLineRunner.run(words, in: world.context)
        return (status, world.output, world.errors)
    }

    @Test func `what can be read is read, and the rest is named`() {
        let all = run("get", "all", "-o", "name")
        #expect(all.status == .failure)
        #expect(all.output == "service/helloworld\ndeployment.apps/helloworld-v2\n")
        for key in damaged { #expect(all.errors.contains("cannot read \(key.qualifiedName)")) }
        let one = run("get", "deployment", "helloworld-v1")
        #expect(one.status == .failure)
        #expect(one.errors.contains("hint: apply its manifest again, or delete it"))
    }

    @Test func `no change of routing takes what cannot be read for absent`() {
        for words in [["set-weight", "helloworld", "v2", "3"], ["undo", "helloworld"]] {
            let world = TestWorld(directory: scratch.path)
            #expect(CommandLineRunner.run(words, in: world.context) == .failure, "\(words)")
            #expect(world.errors.contains("error: cannot read virtualservice"), "\(words)")
            #expect(world.errors.contains("apply its manifest again"), "\(words)")
        }
        #expect(run("get", "vs", "-o", "name").output == "")
        #expect(run("apply", "-f", "\(Scene.root)/examples/helloworld").status == .success)
        #expect(run("set-weight", "helloworld", "v2", "3").status == .success)
    }

    /// What is read of the host without the text of its VirtualService and one of its Deployments, and whether that is told.
    private static let readings: [(words: [String], output: String, isTold: Bool)] = [
        (["describe"], "", true),
        (["describe", "helloworld"], "helloworld.default", true),
        (["describe", "svc/helloworld"], "helloworld", false),
        (["history", "helloworld"], "created", false),
        (["explain", "http://helloworld/"], "damaged.invalid  100.0 %   0/0 ready: 503", true),
        (["export", "envoy"], "outbound|5000||damaged.invalid", true),
        (["get", "svc,deploy,vs"], "service/helloworld", true),
        (["diff", "-f", "\(Scene.root)/examples/region"], "+  - helloworld", true),
    ]

    @Test func `every command that reads goes on without it, and has failed where it counts`() {
        for (words, output, isTold) in Self.readings {
            let world = TestWorld(directory: scratch.path)
            let status = CommandLineRunner.run(words, in: world.context)
            #expect(output.isEmpty || world.output.contains(output), "\(words)")
            let failure: CanaryCLI.ExitStatus = words[0] == "diff" ? .trouble : .failure
            #expect(status == (isTold ? failure : .success), "\(words)")
            #expect(world.errors.contains("error: cannot read") == isTold, "\(words)")
        }
        let asked = run("describe", "deploy/helloworld-v1")
        #expect(asked.status == .failure && asked.output.isEmpty)
    }

    @Test func `changes of other objects go on, with a warning`() {
        let other = run("apply", "-f", "\(Scene.root)/examples/helloworld/service.yaml")
        #expect(other.status == .success)
        let registered = run("register", "helloworld", "127.0.0.1:9081", "-l", "version=v1")
        #expect(registered.status == .success)
        #expect(registered.errors.contains("warning: cannot read \(damaged[1].qualifiedName)"))
    }

    @Test func `a VirtualService whose kind is lost sends nothing to the Service's own route`() throws {
        #expect(run("apply", "-f", "\(Scene.root)/examples/helloworld").status == .success)
        let store = try ClusterStore.open(at: StoreLocation(scratch.path("store")))
        try store.write(ChangeNote(actor: "nobody")) { writer in
            try writer.database.run("UPDATE objects SET kind = 'Virt' WHERE kind = 'VirtualService'", [])
        }
        for words in [["describe"], ["describe", "helloworld"], ["explain", "http://helloworld/"]] {
            let world = TestWorld(directory: scratch.path)
            #expect(CommandLineRunner.run(words, in: world.context) == .failure, "\(words)")
            #expect(world.output.contains("damaged.invalid"), "\(world.output)")
        }
        let moved = run("set-weight", "helloworld", "v2", "3")
        #expect(
            moved.status == .failure && moved.errors.contains("error: cannot read Virt default/helloworld")
        )
        #expect(run("apply", "-f", "\(Scene.root)/examples/helloworld").status == .success)
        #expect(run("set-weight", "helloworld", "v2", "3").status == .success)
    }

    @Test func `it can be replaced`() {
        #expect(run("create", "-f", "\(Scene.root)/examples/helloworld").status == .failure)
        let applied = run("apply", "-f", "\(Scene.root)/examples/helloworld")
        #expect(applied.status == .success)
        #expect(applied.output.contains("deployment.apps/helloworld-v1 configured"))
        #expect(run("get", "all").status == .success)
    }

    @Test(arguments: [["deployment/helloworld-v1", "vs/helloworld"], ["namespace", "default"]])
    func `it can be deleted`(_ words: [String]) {
        let world = TestWorld(directory: scratch.path)
        #expect(CommandLineRunner.run(["delete"] + words, in: world.context) == .success)
        #expect(run("get", "all").status == .success)
    }

    /// The column by which objects are asked for can be damaged as well as their text.
    @Test func `a row whose kind is none stands in nobody else's way, and is replaced by its manifest`()
        throws
    {
        #expect(run("apply", "-f", "\(Scene.root)/examples/helloworld").status == .success)
        let store = try ClusterStore.open(at: StoreLocation(scratch.path("store")))
        try store.write(ChangeNote(actor: "nobody")) { writer in
            try writer.database.run(
                "UPDATE objects SET kind = 'Deploym\u{FFFD}' WHERE name = 'helloworld-v1'",
                []
            )
        }
        let name = "cannot read Deploym\u{FFFD} default/helloworld-v1"
        let all = run("get", "all", "-o", "name")
        #expect(all.status == .failure)
        #expect(all.output.contains("virtualservice.networking.istio.io/helloworld\n"))
        #expect(
            all.errors.contains("error: \(name)") && all.errors.contains("hint: apply its manifest again")
        )
        for words in [
            ["describe"], ["describe", "helloworld"], ["explain", "http://helloworld/"], ["export", "envoy"],
        ] {
            let world = TestWorld(directory: scratch.path)
            _ = CommandLineRunner.run(words, in: world.context)
            #expect(world.output.contains("helloworld"), "\(words)")
            #expect(world.errors.contains(name), "\(words)")
        }
        #expect(run("set-weight", "helloworld", "v2", "20").status == .success)
        #expect(run("undo", "helloworld").status == .success)
        #expect(run("register", "helloworld", "127.0.0.1:9081", "-l", "version=v1").status == .success)
        let applied = run("apply", "-f", "\(Scene.root)/examples/helloworld")
        #expect(applied.output.contains("deployment.apps/helloworld-v1 created"))
        #expect(run("get", "all").status == .success)
        #expect(
            run("apply", "-f", "\(Scene.root)/examples/helloworld").output.contains("helloworld-v1 unchanged")
        )
    }
}
