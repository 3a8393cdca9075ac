// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct AliasTests {
    @Test func `aliases stand for their anchors`() {
        let result = parse("a: &x {b: 1}\nc: *x\nd: [&y text, *y]\n*y : &z key\ne: *z\n")
        #expect(result.diagnostics.isEmpty)
        #expect(
            result.documents.map { JSONWriter.write($0) }
                == [#"{"a":{"b":1},"c":{"b":1},"d":["text","text"],"text":"key","e":"key"}"#]
        )
        #expect(result.documents.first?["c"]?.position == Position(line: 2, column: 4))
    }

    /// The results are those of kubectl 1.32.
    @Test(arguments: [
        ("{<<: *b, a: 5}", #"{"a":5,"b":2}"#), ("{a: 5, <<: *b}", #"{"a":1,"b":2}"#),
        ("{<<: [*b, {a: 7, z: 9}]}", #"{"a":1,"z":9,"b":2}"#), ("{'<<': 1}", #"{"<<":1}"#),
        ("{<<: {a: 1}, <<: {a: 2}}", #"{"a":2}"#),
    ])
    func `merge keys apply where they stand`(text: String, json: String) {
        let result = parse("base: &b {a: 1, b: 2}\nm: \(text)\n")
        #expect(result.diagnostics.isEmpty)
        #expect(result.documents.first?["m"].map { JSONWriter.write($0) } == json)
    }

    @Test(arguments: [
        ("a: *x\n", "1:4 CAN0006 error"), ("a: &x [*x]\n", "1:8 CAN0006 error"),
        ("a: &x {b: {c: *x}}\n", "1:15 CAN0006 error"), ("a: &x 1\n---\nb: *x\n", "3:4 CAN0006 error"),
        ("a: {<<: 1}\n", "1:9 CAN0007 error"), ("a: {<<: [1]}\n", "1:10 CAN0007 error"),
        ("a: *\n", "1:4 CAN0001 error"),
    ])
    func `aliases and merge keys without meaning are errors`(text: String, finding: String) {
        #expect(summary(parse(text).diagnostics) == [finding])
    }

    @Test func `a bomb of aliases is refused`() {
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...12 {
            let list = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(list)]\n"
        }
        let findings = parse(text).diagnostics
        #expect(findings.map(\.code) == [ManifestCodes.limit])
        #expect(findings.first?.position.line == 7)
    }

    @Test func `aliases cannot nest deeper than values`() {
        var text = "a0: &a0 []\n"
        for level in 1...300 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(parse(text).diagnostics.map(\.code) == [ManifestCodes.limit])
    }
}
