// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Testing

@testable import CanaryCLI

@Suite struct UnifiedDiffTests {
    private struct Pair {
        var old: String
        var new: String
        var context: Int
    }

    /// A text whose lines are all different, and what edits make of it: one shortest difference leads from one to the other.
    private static func pair(_ random: inout SeededGenerator) -> Pair {
        var lines = (0..<Int.random(in: 0...30, using: &random)).map { "line \($0)" }
        var old = lines.joined(separator: "\n")
        for edit in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0...lines.count, using: &random)
            let end = min(lines.count, place + Int.random(in: 0...3, using: &random))
            let added = (0..<Int.random(in: 0...3, using: &random)).map { "new \(edit) \($0)" }
            lines.replaceSubrange(place..<end, with: added)
        }
        var new = lines.joined(separator: "\n")
        // Where the last line has no end of its own, both tell.
        if !old.isEmpty, random.chance(80) { old += "\n" }
        if !new.isEmpty, random.chance(80) { new += "\n" }
        return Pair(old: old, new: new, context: Int.random(in: 0...4, using: &random))
    }

    @Test func `random edits are told as diff tells them`() throws {
        var random = SeededGenerator(seed: 9)
        let pairs = (0..<200).map { _ in Self.pair(&random) }
        let scratch = try ScratchDirectory()
        for (number, pair) in pairs.enumerated() {
            try scratch.write(pair.old, to: "old-\(number)")
            try scratch.write(pair.new, to: "new-\(number)")
        }
        let script = pairs.enumerated().map { number, pair in
            "diff -U \(pair.context) --label a --label b old-\(number) new-\(number) > diff-\(number)"
        }
        try scratch.write("cd \(scratch.path)\n" + script.joined(separator: "\n") + "\ntrue\n", to: "script")
        let ended = try Program([scratch.path("script")], in: scratch, executable: "/bin/sh").end()
        try #require(ended.status == 0, "\(ended.errors)")
        var differing = 0
        for (number, pair) in pairs.enumerated() {
            let wanted = String(
                decoding: try FileReader.read(path: scratch.path("diff-\(number)")).get(),
                as: UTF8.self
            )
            let text = UnifiedDiff.text(
                from: pair.old,
                to: pair.new,
                oldName: "a",
                newName: "b",
                context: pair.context
            )
            #expect(text == wanted, "\(pair)")
            if !wanted.isEmpty { differing += 1 }
        }
        #expect(differing > 150)
    }

    @Test func `texts that differ in their last line's end differ`() {
        #expect(
            UnifiedDiff.text(from: "a\nb\n", to: "a\nb", oldName: "x", newName: "y") == """
                --- x
                +++ y
                @@ -1,2 +1,2 @@
                 a
                -b
                +b
                \\ No newline at end of file

                """
        )
        #expect(UnifiedDiff.text(from: "a\n", to: "a\n", oldName: "x", newName: "y") == "")
    }
}
