// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct RoundTripTests {
    private static let nasty = [
        "", " ", "  x", "x ", "\n", "\n\n", "a\n", "a\n\n", "a\nb", " a\nb", "a \nb", "a\n b\n", "a\n\n\n",
        "\na",
        "a\tb", "\t", "\ta\nb", "a\r\nb", "\r", "yes", "No", "y", "on", "~", "null", "true", "1.0", "0x1",
        "0644",
        "1e3", "1_000", ".5", "-1", "+1", ".inf", ".NaN", "2001-01-01", "2001-01-01\"", "10:20", "- a", "-",
        "-a",
        "--- a", "---", "...", "... a", "a ...", "#", "a #b", "a#b", ": ", "a: b", "a:", ":a", ":", "?",
        "? a", "?a",
        "!x", "&x", "*x", "@x", "`x", "%x", "|", ">", "{", "}", "{}", "[", "]", "[]", ",", "a, b", "a]", "'",
        "''",
        "it's", "\"", "\\", "\\n", "\"a\" b", "<<", "=", "😀", "é", "e\u{301}", "\u{0}", "\u{1b}[31m",
        "\u{7f}",
        "\u{85}", "\u{9b}", "\u{a0}", "\u{2028}", "a\u{2029}b", "\u{feff}x", "\u{fffe}", "\u{ffff}",
        "\u{10ffff}",
        "\u{202e}x", "a\u{85}\nb", "a\n\u{2028}\nb", "line\n...\nline", "line\n---\nline", "#a\n#b\n",
        "12345678901234567890", String(repeating: "long word ", count: 40) + "end",
        String(repeating: "k", count: 2000), String(repeating: "k: ", count: 700), "a\n\tb\n", "|-\n x",
    ]

    private func check(_ node: Node) {
        let yaml = YAMLWriter.write(node)
        let result = parse(yaml)
        #expect(result.diagnostics.isEmpty, "\(yaml)")
        #expect(exact(result.documents) == exact(node.isNull ? [] : [node]), "\(yaml)")
        for pretty in [true, false] {
            let json = JSONWriter.write(node, pretty: pretty)
            #expect((try? JSONReader.read(json)).map { exact([$0]) } == exact([node]), "\(json)")
            if case .mapping = node.content {
                #expect(exact(parse(json).documents) == exact([node]), "\(json)")
            }
        }
    }

    /// Compares scalar by scalar; Swift's strings count composed and decomposed letters as equal.
    private func exact(_ nodes: [Node]) -> [[UInt8]] { nodes.map { JSONWriter.bytes($0) } }

    @Test(arguments: nasty)
    func `every string comes back as value, key and item`(text: String) {
        check(.string(text))
        check(.mapping(["a": .string(text), "b": .integer(1)]))
        check(.sequence([.string(text), .sequence([.string(text), .string("x")])]))
        let entry = Mapping.Entry(key: text, value: .string("v"))
        check(Node(.mapping(Mapping([entry, .init(key: "other", value: .mapping([:]))]))))
        let nested = Mapping.Entry(key: text, value: .mapping(["a": .string(text)]))
        check(.sequence([Node(.mapping(Mapping([nested])))]))
        let list = Mapping.Entry(key: text, value: .sequence([.string(text)]))
        check(Node(.mapping(Mapping([list]))))
    }

    @Test(arguments: [
        0.0, -0.0, 1.5, 1e21, 1e-7, 1.7976931348623157e308, 123456789.125, 1e15, 1e16, -2.5,
        9007199254740992,
    ])
    func `every number comes back`(value: Double) {
        check(.mapping(["a": Node(.number(value))]))
    }

    @Test func `integers and the other scalars come back`() {
        for value in [0, 1, -1, Int64.max, Int64.min, 1_000_000_000_000_000_000] { check(.integer(value)) }
        for node in [Node(.null), .bool(true), .bool(false), .sequence([]), .mapping([:])] {
            check(node)
            check(.mapping(["a": node, "b": .sequence([node])]))
        }
    }

    @Test(arguments: 0..<300)
    func `generated values come back`(seed: UInt64) {
        var generator = Texts(numbers: SeededGenerator(seed: seed))
        check(generator.mapping(depth: 4))
    }

    /// Random values, nasty ones among them.
    private struct Texts {
        var numbers: SeededGenerator

        mutating func next(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }

        mutating func text() -> String {
            guard next(3) > 0 else { return nasty[next(nasty.count)] }
            let alphabet = Array(
                " \n\t:-#'\"\\{}[],&*!|>%@`?.~0123456789eExXoyn_+abé😀\u{85}\u{0}\u{1b}".unicodeScalars
            )
            var text = ""
            for _ in 0..<next(12) { text.unicodeScalars.append(alphabet[next(alphabet.count)]) }
            return text
        }

        mutating func node(depth: Int) -> Node {
            switch next(depth > 0 ? 8 : 5) {
            case 0: return [Node(.null), .bool(true), .bool(false)][next(3)]
            case 1: return .integer(Int64(next(100_000)) - 50_000)
            case 2: return Node(.number(Double(next(1_000_000)) / 1024))
            case 3, 4: return .string(text())
            case 5, 6: return mapping(depth: depth - 1)
            default: return .sequence((0..<next(4)).map { _ in node(depth: depth - 1) })
            }
        }

        mutating func mapping(depth: Int) -> Node {
            var mapping = Mapping()
            for _ in 0..<next(5) { mapping[text()] = node(depth: depth) }
            return Node(.mapping(mapping))
        }
    }
}
