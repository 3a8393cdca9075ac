// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// What was counted belongs to one store and one object, whatever comes to their place.
struct EvidenceStoreTests {
    private func observed(in scratch: ScratchDirectory) throws -> Int64 {
        let text = try Program.run("describe", "helloworld", "-o", "json", in: scratch).output
        return try JSONReader.read(Array(text.utf8))["routes"]?.items.first?["observedRequests"]?.integer
            ?? -1
    }

    private func request(_ count: Int, _ scene: Scene) throws {
        for _ in 0..<count { _ = try scene.request() }
    }

    @Test func `a store made anew under a running proxy knows of nothing`() throws {
        let scene = try Scene()
        try request(20, scene)
        #expect(try eventually { try observed(in: scene.scratch) == 20 })
        for suffix in ["", "-wal", "-shm"] { unlink(scene.scratch.path("store/cluster.db\(suffix)")) }
        try scene.run("create", "-f", "\(Scene.root)/examples/helloworld")
        #expect(try observed(in: scene.scratch) == 0)
        try scene.run("register", "helloworld", scene.v1.address, "-l", "version=v1")
        try scene.run("register", "helloworld", scene.v2.address, "-l", "version=v2")
        // The first requests may be answered by the old table still, as the old store's.
        var sent: Int64 = 0
        let isServed = try eventually {
            _ = try scene.request()
            sent += 1
            return try observed(in: scene.scratch) > 0
        }
        #expect(isServed)
        #expect(try eventually { try (1...sent).contains(observed(in: scene.scratch)) })
    }

    @Test func `an object made anew, and another host without VirtualService, begin at nothing`() throws {
        let scene = try Scene()
        try request(10, scene)
        #expect(try eventually { try observed(in: scene.scratch) == 10 })
        try scene.run("delete", "virtualservice", "helloworld", "--wait=30s")
        #expect(try observed(in: scene.scratch) == 0)
        try request(4, scene)
        #expect(try eventually { try observed(in: scene.scratch) == 4 })
        try scene.run("apply", "-f", "\(Scene.root)/examples/helloworld", "--wait=30s")
        #expect(try observed(in: scene.scratch) == 0)
        try request(2, scene)
        #expect(try eventually { try observed(in: scene.scratch) == 2 })
    }
}
