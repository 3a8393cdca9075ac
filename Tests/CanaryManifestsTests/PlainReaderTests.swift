// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryManifests

/// `PlainReader` reads what it takes exactly as libyaml and the composer do.
struct PlainReaderTests {
    /// All documents of a text as libyaml gives them; `nil` if anything is wrong with it.
    private func byLibyaml(_ text: String) -> [Node]? {
        var documents: [Node] = []
        let composer = Composer(file: "x", limits: .default, nodeCount: 0, aliasBytes: 0)
        var reader = DocumentReader(
            text: Array(text.utf8),
            firstLine: 0,
            composer: composer,
            documentLimit: 1000
        )
        var documentLine: Int?
        do {
            try reader.pass(upTo: text.utf8.count, documentLine: &documentLine) { documents.append($0) }
        } catch {
            return nil
        }
        return reader.diagnostics.isEmpty ? documents : nil
    }

    /// All documents of a text, `nil` if one of them is not plain.
    private func plainly(_ text: String) -> [Node]? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var reader = PlainReader(bytes, from: 0, line: 0, nodeCount: 0, limits: .default)
            var documents: [Node] = []
            while reader.index < bytes.count {
                guard let document = try? reader.document() else { return nil }
                if case .value(let node) = document { documents.append(node) }
            }
            return documents
        }
    }

    /// A node with all of its positions, as text.
    private func spelled(_ node: Node) -> String {
        let place = "\(node.position.line):\(node.position.column) "
        switch node.content {
        case .mapping(let mapping):
            let entries = mapping.entries.map { entry in
                "\(entry.keyPosition.line):\(entry.keyPosition.column) \(entry.key)=\(spelled(entry.value))"
            }
            return place + "{\(entries.joined(separator: ","))}"
        case .sequence(let items): return place + "[\(items.map(spelled).joined(separator: ","))]"
        default: return place + "\(node.content)"
        }
    }

    @Test(arguments: [
        "a: 1\nb: x\n", "---\na:\n  b:\n  - c\n  -   d: e\n      f: g\n  - \nh:\n---\n# c\n---\ni: j # k\n",
        "a: {b: c, d: [1, \"x y\", 'z'], e: {}, f: []} # x\n",
        "a:\n- b\n-\n  c: d\n-\n- e: f\n  g:\n  - h\ni: ''\n",
        "image: app:v1\nurl: http://x/y?z=1#w\ntime: 12:30\nargs: [a-a, b c]\n",
        "- a\n- 1.5\n- null\n- ~\n- -3\n- --x\n",
        "a: yes\nb: 0x1F\nc: 1e3\nd: 08\ne: .5\nf: 2001-01-01\n", "\n\n# x\n  # y\na:   1   \n   \nb: 2",
        "a: b", "",
        "---\n", "a:\n    b:\n        c: d\n    e: f\ng: \"h\"  # é “\n", "a.b/c-d: '*'\n_x: $(Y)\n",
    ])
    func `a plain text is read as by libyaml`(_ text: String) throws {
        let documents = try #require(plainly(text))
        #expect(documents.map(spelled) == byLibyaml(text)?.filter { !$0.isNull }.map(spelled))
    }

    @Test(arguments: [
        "a: &x 1\nb: *x\n", "a: !!str 1\n", "<<: {a: b}\n", "a: |\n  b\n", "a: >-\n  b\n", "a: \"b\\n\"\n",
        "a: 'it''s'\n",
        "a: \"b\n  c\"\n", "a: b\n  c\n", "a:\n  b\n", "a: 1\na: 2\n", "a: b: c\n", "a: [b\n, c]\n",
        "a: b\n...\n", "%YAML 1.1\n---\na: b\n",
        "a:\tb\n", "a: b\r\n", "é: 1\n", "a: é\n", "? a\n: b\n", "on: 1\n", "1: 2\n", "a: ...\n", "- - b\n",
        "--- a\n", "a: b\n c: d\n",
        "  a: b\nc: d\n", "a:\n  - b\n c: d\n", "a:\n  - b\n  c: d\n", "a: {b}\n", "a: {b: }\n",
        "a: [b: c]\n", "a: @b\n", "a: 99999999999999999999\n",
        "\"a\": b\n", "a: \"b\" c\n", "a: [b] c\n", "a: .inf\n", "text\n", "{a: b}\n",
        "a: b # \u{2028}c: d\n", "a #b: c\n", "a: -\n", "a: [-]\n",
    ])
    func `any other text is left to libyaml`(_ text: String) {
        #expect(plainly(text) == nil)
    }

    @Test func `documents of both kinds keep their places and their order`() {
        let text =
            "a: 1\n---\nb: |\n  x\n---\n# c\nc: 2\n---\n---\nd: &e 3\nf: *e\n---\ng: 4\n---\nh: \"i\n  j\"\n"
        let found = parse(text).documents
        #expect(found.map(spelled) == byLibyaml(text)?.filter { !$0.isNull }.map(spelled))
        #expect(found.count == 6)
    }

    @Test func `what is wrong with one document is told as if there were no other`() {
        let after = parse("a: b\n---\nc: 'd\n---\ne: f\n")
        let alone = parse("\n---\nc: 'd\n---\ne: f\n")
        #expect(after.diagnostics == alone.diagnostics)
        #expect(after.diagnostics.count == 1)
        #expect(after.documents.dropFirst().map(spelled) == alone.documents.map(spelled))
    }

    /// Random texts of the pieces that YAML is made of: what is taken for plain means what libyaml says.
    @Test func `random texts are read as by libyaml, or not at all`() {
        let pieces = [
            "a", "b: ", "key:", ":", ": ", "- ", "-", "\n", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", " ",
            "  ", "#", " # c", "{", "}", "[", "]", ", ", "\"x\"",
            "'y'", "\"", "'", "1", "1.5", "true", "~", "...", "\n---\n", "\n...\n", "x y", "|", ">", "&a ",
            "*a", "!t ", "?", "%", "@", "\\", "é", "\t",
            "a: b\n", "c: 1\n", "d:\n", "  e: f\n", "  - g\n", "- h: i\n", "  j: [k, l]\n", "m: {n: o}\n",
        ]
        var seed: UInt64 = 42
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(bound))
        }
        var plainCount = 0
        for _ in 0..<60_000 {
            // Few pieces of the odd kinds in a text, so that some texts are plain.
            let bound = next(3) == 0 ? pieces.count : 12
            let text = (0...next(10)).map { _ in
                next(2) == 0 ? pieces[pieces.count - 1 - next(9)] : pieces[next(bound)]
            }.joined()
            guard let documents = plainly(text) else { continue }
            plainCount += documents.isEmpty ? 0 : 1
            let reference = byLibyaml(text)?.filter { !$0.isNull }
            #expect(documents.map(spelled) == reference?.map(spelled), "\(text.debugDescription)")
        }
        #expect(plainCount > 3000)
    }
}
