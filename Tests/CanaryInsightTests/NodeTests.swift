// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources

struct NodeTests {
    private static let keys = (0..<50).map { "k\($0)" }

    private static func mapping(_ keys: [String], value: (String) -> Node) -> Node {
        Node(.mapping(Mapping(keys.map { Mapping.Entry(key: $0, value: value($0)) })))
    }

    @Test func `equal nodes are equal keys, whatever the order and the spelling`() {
        let written = Self.mapping(Self.keys) { [.string($0), .integer(2)] }
        let same = Self.mapping(Self.keys.reversed()) { [.string($0), Node(.number(2))] }
        #expect(written == same)
        #expect(Set([written, same]).count == 1)
    }

    @Test func `one other value or key makes another node`() {
        let written = Self.mapping(Self.keys) { .string($0) }
        let value = Self.mapping(Self.keys.reversed()) { .string($0 == "k7" ? "" : $0) }
        let key = Self.mapping(Self.keys.reversed().map { $0 == "k7" ? "e\u{301}" : $0 }) { .string($0) }
        #expect(written != value)
        #expect(written != key)
        #expect(key != Self.mapping(Self.keys.map { $0 == "k7" ? "\u{e9}" : $0 }) { .string($0) })
    }
}
