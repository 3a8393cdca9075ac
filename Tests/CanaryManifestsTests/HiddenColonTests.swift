// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryManifests

/// kubectl takes a colon before a bracket, brace or comma for a part of a plain scalar; libyaml refuses it.
@Suite struct HiddenColonTests {
    @Test(arguments: [
        ("[192.0.2.7, 2001:db8::]", #"["192.0.2.7","2001:db8::"]"#), ("[a:, b:,c::]", #"["a:","b:","c::"]"#),
        ("{a: b:}", #"{"a":"b:"}"#), ("{a: b:, c: {d: e::}}", #"{"a":"b:","c":{"d":"e::"}}"#),
        (#"{"a":[1], 'b':{c: d:}, "e":"f:]"}"#, #"{"a":[1],"b":{"c":"d:"},"e":"f:]"}"#),
        ("[é:, \"日本\", b:] # [c:]", #"["é:","日本","b:"]"#),
        ("[fe80::,\n  x:y:, z]", #"["fe80::","x:y:","z"]"#),
        // With the characters that could stand for a colon.
        ("[a:, \"~^\", ;$, (x)]", #"["a:","~^",";$","(x)"]"#),
    ])
    func `a value may end with a colon`(flow: String, json: String) throws {
        let result = parse("a: \(flow)\nb: |\n  [x:] ~^;\n")
        #expect(result.diagnostics == [])
        let document = try #require(result.documents.first)
        #expect(document["a"].map { JSONWriter.write($0, pretty: false) } == json)
        #expect(document["b"]?.string == "[x:] ~^;\n")
    }

    @Test func `places stay what they are, and other documents are left alone`() {
        let text = "a: 1\n---\na: 1\nb: [é::, {c: d}]\na: 2\n---\ne: ~x\nf: [g:, *h]\n---\ni: [~, j^]\n"
        let result = parse(text)
        #expect(summary(result.diagnostics) == ["5:1 CAN0005 error", "8:9 CAN0006 error"])
        #expect(result.documents.count == 3)
        #expect(result.documents[1].position(of: "b") == Position(line: 4, column: 1))
        #expect(result.documents[1]["b"]?.items[1].position == Position(line: 4, column: 10))
        #expect(result.documents[2]["i"]?.items.map(\.string) == [nil, "j^"])
    }

    /// kubectl refuses these too.
    @Test(arguments: [("[::1]", "1:5"), ("{b: ::1}", "1:8"), ("[c, :d]", "1:8"), ("[b: ::]", "1:8")])
    func `a value that begins with a colon is to be quoted`(flow: String, place: String) {
        let found = parse("a: \(flow)\n").diagnostics
        #expect(summary(found) == ["\(place) CAN0001 error"])
        #expect(found.first?.message.contains("cannot begin with") == true)
        #expect(found.first?.hint?.hasPrefix("quote it: \":") == true)
    }

    @Test func `what cannot be hidden is told with a way out`() {
        let all = "~^;$()=+%@!&*|<>_\\`"
        let found = parse("a: [b:]\nc: '\(all)'\n").diagnostics
        #expect(summary(found) == ["1:6 CAN0001 error"])
        #expect(found.first?.hint == "quote the value")
        // kubectl reads none of these either.
        for text in ["a: [::1]\n", "a: {b:[c]}\n", "a: {b:{c: d}}\n"] {
            #expect(parse(text).diagnostics.map(\.code) == [ManifestCodes.syntax], "\(text)")
        }
    }

    @Test func `many of them in many documents are no matter`() {
        let list = (0..<200).map { "x\($0)\":" }.joined(separator: ", ")
        let text = (0..<40).map { "a\($0): [\($0):]\n---\n" }.joined()
        let result = parse(text)
        #expect(result.diagnostics == [])
        #expect(result.documents.count == 40)
        // A quote before each colon: only so many are looked at one by one.
        #expect(parse("a: [\(list)]\n").diagnostics.count == 1)
    }

    @Test(arguments: ["", "\n"]) func `a block scalar ends with a line feed, as for kubectl`(end: String) {
        #expect(parse("a: |\n  text\(end)").documents.first?["a"]?.string == "text\n")
        #expect(parse("a: |-\n  text\(end)").documents.first?["a"]?.string == "text")
        #expect(parse("a: >\n  b\n  c\(end)").documents.first?["a"]?.string == "b c\n")
    }
}
