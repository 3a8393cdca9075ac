// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

/// Every value, and every key, knows where it was written.
struct PlaceTests {
    /// A node with all of its places, as text: `1:4 1`, `1:1 {1:1 a=1:4 1}`, `1:1 [1:3 x]`.
    private func spelled(_ node: Node) -> String {
        let place = "\(node.position.line):\(node.position.column) "
        switch node.content {
        case .mapping(let mapping):
            let entries = mapping.entries.map { entry in
                "\(entry.keyPosition.line):\(entry.keyPosition.column) \(entry.key)=\(spelled(entry.value))"
            }
            return place + "{\(entries.joined(separator: ", "))}"
        case .sequence(let items): return place + "[\(items.map(spelled).joined(separator: ", "))]"
        case .string(let text): return place + text
        case .integer(let value): return place + "\(value)"
        default: return place + "\(node.content)"
        }
    }

    @Test(
        arguments: [
            ("a: 1\nb: x\n", ["1:1 {1:1 a=1:4 1, 2:1 b=2:4 x}"]),
            ("\n\n# x\n  # y\na:   1   \n   \nb: 2", ["5:1 {5:1 a=5:6 1, 7:1 b=7:4 2}"]),
            (
                "---\na:\n  b:\n  - c\n  -   d: e\n      f: g\n  - \nh:\n",
                [
                    "2:1 {2:1 a=3:3 {3:3 b=4:3 [4:5 c, 5:7 {5:7 d=5:10 e, 6:7 f=6:10 g}, 7:4 null]}, 8:1 h=8:3 null}"
                ]
            ),
            (
                "a: {b: c, d: [1, \"x y\", 'z'], e: {}, f: []} # x\n",
                [
                    "1:1 {1:1 a=1:4 {1:5 b=1:8 c, 1:11 d=1:14 [1:15 1, 1:18 x y, 1:25 z], 1:31 e=1:34 {}, 1:38 f=1:41 []}}"
                ]
            ),
            ("- a\n- - b\n  - c\n", ["1:1 [1:3 a, 2:3 [2:5 b, 3:5 c]]"]),
            (
                "a: |\n  x\nb: &c\n  d: 1\ne: *c\n",
                ["1:1 {1:1 a=1:4 x\n, 3:1 b=4:3 {4:3 d=4:6 1}, 5:1 e=5:4 {4:3 d=4:6 1}}"]
            ),
            ("g: \"h\"  # é “\n\"é\": ü\n", ["1:1 {1:1 g=1:4 h, 2:1 é=2:6 ü}"]),
            (
                "a: 1\n---\n# c\nc: |\n  x\n---\n---\nd: 3\n",
                ["1:1 {1:1 a=1:4 1}", "4:1 {4:1 c=4:4 x\n}", "8:1 {8:1 d=8:4 3}"]
            ),
        ]
    )
    func `places are those of the file`(text: String, expected: [String]) {
        let result = parse(text)
        #expect(result.documents.map(spelled) == expected)
        #expect(result.diagnostics.isEmpty)
    }

    @Test(arguments: [
        "c: 'd\n", "c: [\n", "c: d: e\n", "c: ...\n", "c: *d\n", "c: {d: ::}\n", "c: 1\nc: 2\n",
    ])
    func `what is wrong with one document is told as if there were no other`(middle: String) {
        let after = parse("a: b\n---\n\(middle)---\ne: f\n")
        let alone = parse("\n---\n\(middle)---\ne: f\n")
        #expect(after.diagnostics == alone.diagnostics)
        #expect(after.documents.dropFirst().map(spelled) == alone.documents.map(spelled))
        #expect(after.documents.first.map(spelled) == "1:1 {1:1 a=1:4 b}")
        #expect(
            after.documents.last.map(spelled)?.hasSuffix("e=\(middle.contains("\nc") ? 6 : 5):4 f}") ?? false
        )
    }
}
