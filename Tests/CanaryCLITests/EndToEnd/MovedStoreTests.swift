// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// A proxy whose store is moved away, moved back, or replaced while it runs.
@Suite(.serialized) struct MovedStoreTests {
    private let scene: Scene
    private var scratch: ScratchDirectory { scene.scratch }
    private var store: String { scratch.path("store") }
    private var control: String { scratch.path("store/admin-\(scene.proxy.pid).sock") }

    init() throws {
        scene = try Scene()
    }

    private func observed() throws -> Int64? {
        let text = try Program.run("describe", "helloworld", "-o", "json", in: scratch).output
        return try JSONReader.read(Array(text.utf8))["routes"]?.items.first?["observedRequests"]?.integer
    }

    /// What `/ready` says.
    private func readiness() throws -> String {
        let line = scene.proxy.errors.split(separator: "\n").first { $0.hasPrefix("admin on ") }
        let admin = try Loopback(to: String(try #require(line).dropFirst("admin on ".count)))
        admin.send("GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return try #require(admin.receive()).body
    }

    @Test func `a store that was moved away can come back, with what was counted meanwhile`() throws {
        for _ in 0..<10 { _ = try scene.request() }
        #expect(try eventually { try observed() == 10 })
        for round: Int64 in 1...2 {
            #expect(rename(store, scratch.path("elsewhere")) == 0)
            #expect(try eventually { try readiness().contains("stale since") })
            for _ in 0..<7 { _ = try scene.request() }
            // The line of the report that failed, beside that of the table that stays.
            let failures = {
                scene.proxy.errors.split(separator: "\n").count { $0.hasSuffix(": there is none") }
            }
            #expect(eventually { failures() == round }, "\(scene.proxy.errors)")
            #expect(access(store, F_OK) != 0)
            #expect(rename(scratch.path("elsewhere"), store) == 0)
            // The last report before the move may be read first, and that knew of nothing.
            #expect(try eventually { try !readiness().contains("stale") })
            #expect(try eventually { try observed() == 10 + 7 * round })
            #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("up to date") })
        }
        try scene.run("set-weight", "helloworld", "v2", "100", "--wait=30s")
        #expect(try scene.countOfV2(among: 20) == 20)
        try drain()
    }

    @Test(arguments: [false, true]) func `a store that was replaced has the proxy's socket and its state`(
        isMoved: Bool
    ) throws {
        try replaceStore(isMoved: isMoved)
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("up to date") })
        #expect(eventually { access(control, F_OK) == 0 }, "\(scene.proxy.errors)")
        var status = stat()
        #expect(stat(control, &status) == 0 && status.st_mode & 0o777 == 0o600)
        try drain()
    }

    @Test func `down stops a proxy whose store was replaced`() throws {
        try replaceStore(isMoved: false)
        #expect(eventually { access(control, F_OK) == 0 }, "\(scene.proxy.errors)")
        let down = try Program(["down"], in: scratch)
        #expect(try scene.proxy.end().status == 0)
        #expect(try down.end().output == "proxy stopped, pid \(scene.proxy.pid)\n")
    }

    private func replaceStore(isMoved: Bool) throws {
        if isMoved {
            #expect(rename(store, scratch.path("elsewhere")) == 0)
        } else {
            // The proxy may write once more before it notices.
            let isGone = eventually {
                for name in (try? FileReader.names(in: store).get()) ?? [] { unlink("\(store)/\(name)") }
                return rmdir(store) == 0
            }
            #expect(isGone)
        }
        try Scene.createHelloworld(in: scratch)
    }

    /// Drains through the socket in the store's directory; the socket goes with the proxy.
    private func drain() throws {
        let connection = try Loopback(socket: control)
        connection.send("POST /drain HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n")
        #expect(connection.receive()?.startLine.contains(" 200 ") == true)
        let ended = try scene.proxy.end()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(access(control, F_OK) != 0)
    }
}
