// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Testing

@testable import CanaryProxy

struct HeaderEditorTests {
    /// The lines of `text` that remain, and those that are added, after a route's request header changes.
    private func edit(_ changes: Value, _ lines: String) throws -> (remaining: String, added: String) {
        let scene = RoutedScene(
            [("v1", 9001)],
            http: TestProxy.route("v1", [("headers", ["request": changes])])
        )
        let facts = scene.facts()
        let route = try #require(scene.route(facts))
        let bytes = scene.slice(lines + "\r\n")
        var fields = FieldTable(capacity: 10)
        guard
            case .complete(let end) = FieldParser(bytes: bytes, limits: HeadLimits()).parse(
                from: 0,
                into: &fields
            )
        else { throw Incomplete() }
        var editor = HeaderEditor()
        editor.apply(route.requestHeaderEdits(scene.destination(facts)), facts, to: &fields, of: bytes)
        var remaining = ByteBuffer()
        remaining.appendFields(fields, of: bytes, end: end - 2)
        var added = ByteBuffer()
        editor.append(to: &added)
        var again = ByteBuffer()
        editor.append(to: &again)
        #expect(again.count == 0)
        return (text(of: remaining.slice), text(of: added.slice))
    }

    private struct Incomplete: Error {}

    private func text(of slice: ByteSlice) -> String { String(decoding: slice.bytes, as: UTF8.self) }

    private let head = "A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\n"

    @Test func `set replaces all values, add keeps them, remove takes them away`() throws {
        #expect(try edit(["set": ["a": "x"]], head) == ("B: 2\r\nC: 4\r\n", "a: x\r\n"))
        #expect(try edit(["add": ["a": "x"]], head) == (head, "a: x\r\n"))
        #expect(try edit(["remove": ["a", "c"]], head) == ("B: 2\r\n", ""))
        #expect(try edit(["set": ["d": "%REQ(:path)%"]], head) == (head, "d: /\r\n"))
    }

    @Test func `what frames and addresses a message is left alone`() throws {
        let framing = "Content-Length: 3\r\nHost: app\r\nConnection: x\r\n"
        for name in ["content-length", "transfer-encoding", "connection", "upgrade", "te", "keep-alive"] {
            let changes = Value.object([("set", .object([(name, .text("x"))]))])
            #expect(try edit(changes, framing) == (framing, ""), "\(name)")
        }
        #expect(try edit(["remove": ["content-length", "host"]], framing) == (framing, ""))
    }

    @Test func `a value that comes to nothing changes nothing`() throws {
        #expect(try edit(["set": ["a": "%REQ(missing)%"]], head).remaining.contains("A: 1"))
    }
}
