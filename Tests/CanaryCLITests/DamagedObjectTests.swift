// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import CanaryTestSupport
import Testing

@testable import CanaryCLI

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
            let tokens: Set = [IndexToken.destination("helloworld.default.svc.cluster.local").text]
            for key in damaged { try writer.put(key, body: Array(#"{"kind": "#.utf8), tokens: tokens) }
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

    @Test func `changes of other objects go on, with a warning`() {
        let other = run("apply", "-f", "\(Scene.root)/examples/helloworld/service.yaml")
        #expect(other.status == .success)
        let registered = run("register", "helloworld", "127.0.0.1:9081", "-l", "version=v1")
        #expect(registered.status == .success)
        #expect(registered.errors.contains("warning: cannot read \(damaged[1].qualifiedName)"))
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
}
