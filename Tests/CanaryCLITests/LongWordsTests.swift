// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// What nobody reads to its end is cut, wherever a person's command put it.
@Suite struct LongWordsTests {
    private static let long = String(repeating: "x", count: 100_000)

    /// `LONG` stands for the word.
    @Test(arguments: [
        "get LONG", "get vs LONG", "get vs/LONG", "LONG", "get --LONG", "get vs -l LONG", "get vs -o LONG",
        "describe LONG", "undo LONG", "set-weight LONG v1 5", "set-weight h v1 LONG", "register h LONG",
        "register LONG 127.0.0.1:80", "deregister h LONG", "explain http://LONG/", "explain GET LONG://h/",
        "explain http://h/ -H LONG", "validate -f LONG", "get vs -n LONG", "get vs --color LONG", "help LONG",
        "help rule LONG", "history h --limit LONG", "delete vs LONG", "create -f - LONG",
    ])
    func `a message stays short`(line: String) throws {
        let words = line.split(separator: " ").map {
            String($0).replacing("LONG", with: Self.long)
        }
        let scratch = try ScratchDirectory()
        let world = TestWorld(directory: scratch.path)
        _ = CommandLineRunner.run(words, in: world.context)
        #expect(world.errors.utf8.count < 5000)
        #expect(words[0] == "explain" || !world.errors.isEmpty)
    }

    @Test(arguments: [
        "metadata: {name: LONG}", "LONG: 1", "spec: {LONG: 1}", "metadata: {labels: {LONG: 'é é'}}",
    ])
    func `a finding stays short`(text: String) throws {
        let scratch = try ScratchDirectory()
        let body = "apiVersion: v1\nkind: Service\n" + text.replacing("LONG", with: "é" + Self.long)
        let world = TestWorld(directory: scratch.path, input: body)
        #expect(CommandLineRunner.run(["create", "-f", "-"], in: world.context) == .invalidManifests)
        #expect(world.errors.utf8.count < 20_000)
    }

    @Test func `a cut message keeps both ends and says how much is gone`() {
        let text = TerminalText.message("no \"\(Self.long)\" here")
        #expect(text.hasPrefix("no \"xxx") && text.hasSuffix("x\" here") && text.contains("more)…"))
        #expect(TerminalText.message("a b\u{1B}") == "a b\\u{1B}")
        let many = Array(repeating: "word", count: 5000).joined(separator: " ")
        #expect(TerminalText.message(many).count < 2000)
    }
}
