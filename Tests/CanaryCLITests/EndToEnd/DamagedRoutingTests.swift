// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI
@testable import CanaryStore

/// An object that decides about routes is lost in the store: no canary gets more than it was given, and everybody says why.
@Suite(.serialized) struct DamagedRoutingTests {
    private let scratch: ScratchDirectory
    private let v1: VersionServer
    private let v2: VersionServer
    private static let name = "virtualservice.networking.istio.io/helloworld"

    /// v2 has an endpoint, and none of the requests.
    init() throws {
        scratch = try ScratchDirectory()
        v1 = try VersionServer("v1")
        v2 = try VersionServer("v2")
        try Scene.createHelloworld(servedBy: v1, in: scratch)
        try Scene.succeed("register", "helloworld", v2.address, "-l", "version=v2", in: scratch)
    }

    /// As a write that ended in the middle: the row is new, its text is none.
    private func damage(_ kind: ResourceKind = .virtualService) throws {
        let store = try ClusterStore.open(at: StoreLocation(scratch.path("store")))
        try store.write(ChangeNote(actor: "nobody")) { writer in
            let key = ResourceKey(kind, namespace: "default", name: "helloworld")
            let tokens = try writer.database.rows(
                "SELECT token FROM tokens WHERE object = (SELECT id FROM objects WHERE kind = ? AND name = ?)",
                [.text(kind.rawValue), .text("helloworld")]
            ) { row throws(SQLiteError) in row.text(0) }
            try writer.put(key, body: Array(#"{"kind": "#.utf8), tokens: Set(tokens))
        }
    }

    private func answer(_ client: Loopback) throws -> Loopback.Message {
        client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        return try #require(client.receive())
    }

    private func ready(_ proxy: DetachedProgram) throws -> String {
        let line = proxy.started.output.split(separator: "\n").first { $0.hasPrefix("admin on ") }
        let admin = try Loopback(to: String(try #require(line).dropFirst("admin on ".count)))
        admin.send("GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n")
        let answer = try #require(admin.receive())
        #expect(answer.startLine.contains(" 200 "))
        return answer.body
    }

    @Test func `a proxy that starts without the VirtualService sends nothing to a canary, and says why`()
        throws
    {
        try damage()
        let proxy = try Scene.detachProxy(in: scratch)
        defer { _ = try? Program.run("down", in: scratch) }
        let client = try Loopback(to: proxy.address)
        for _ in 0..<20 { #expect(try answer(client).startLine.contains(" 503 ")) }
        let told = "\(Self.name) in the cluster store: it is damaged"
        for text in [
            proxy.started.errors, try ready(proxy), try Program.run("proxy-status", in: scratch).errors,
            try Program.run("describe", in: scratch).output,
        ] {
            #expect(text.contains(told) && text.contains("helloworld.default gets 503"), "\(text)")
            #expect(text.contains("apply its manifest again"), "\(text)")
        }
        #expect(try Scene.proxyStatus(in: scratch).contains("1 damaged object"))
        let page = try Program.run("describe", "helloworld", in: scratch).output
        #expect(page.contains("1 with damaged objects") && !page.contains("v2"), "\(page)")
        try Scene.succeed("apply", "-f", "\(Scene.root)/examples/helloworld", "--wait=30s", in: scratch)
        try Scene.succeed("set-weight", "helloworld", "v1", "100", "--wait=30s", in: scratch)
        #expect(try answer(client).body == "v1")
        #expect(try ready(proxy) == "LIVE\n")
        #expect(try Scene.proxyStatus(in: scratch).contains("up to date"))
    }

    @Test func `a proxy that runs goes on with the routes that it knew, and says so`() throws {
        let proxy = try Scene.detachProxy(in: scratch)
        defer { _ = try? Program.run("down", in: scratch) }
        let client = try Loopback(to: proxy.address)
        try damage()
        #expect(try eventually { try Scene.proxyStatus(in: scratch).contains("1 damaged object") })
        for _ in 0..<20 { #expect(try answer(client).body == "v1") }
        #expect(try ready(proxy).contains("what it was at revision 3 goes on"))
        // A change of something else does not end it.
        try Scene.succeed(
            "register",
            "helloworld",
            "127.0.0.1:1",
            "-l",
            "version=v2",
            "--wait=30s",
            in: scratch
        )
        for _ in 0..<20 { #expect(try answer(client).body == "v1") }
        try Scene.succeed("delete", "virtualservice", "helloworld", "--wait=30s", in: scratch)
        #expect(try ready(proxy) == "LIVE\n")
    }

    @Test func `a DestinationRule that is lost leaves its host without endpoints`() throws {
        let rule = """
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: helloworld}
            spec:
              host: helloworld
              subsets:
              - {name: v1, labels: {version: v1}}
              - {name: v2, labels: {version: v2, tested: "yes"}}
            """
        try Scene.succeed("apply", "-f", scratch.write(rule, to: "rule.yaml"), in: scratch)
        try Scene.succeed("set-weight", "helloworld", "v2", "50", in: scratch)
        try damage(.destinationRule)
        let proxy = try Scene.detachProxy(in: scratch)
        defer { _ = try? Program.run("down", in: scratch) }
        let client = try Loopback(to: proxy.address)
        for _ in 0..<20 { #expect(try answer(client).startLine.contains(" 503 ")) }
        #expect(try ready(proxy).contains("helloworld.default gets 503"))
        try Scene.succeed("apply", "-f", scratch.path("rule.yaml"), "--wait=30s", in: scratch)
        #expect(try (0..<40).contains { _ in try answer(client).body == "v1" })
    }
}
