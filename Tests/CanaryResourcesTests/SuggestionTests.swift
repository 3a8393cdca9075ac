// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("wieght", "weight"), ("weigth", "weight"), ("subest", "subset"), ("Host", "host"),
        ("destinaton", "destination"), ("weights", "weight"), ("hots", "host"),
    ])
    func `a misspelt field finds the field that was meant`(word: String, meant: String) {
        let fields = ["host", "subset", "weight", "destination", "headers"]
        #expect(Suggestion.closest(to: word, among: fields) == meant)
    }

    @Test(arguments: ["", "x", "colour", "zzzzzz", String(repeating: "host", count: 40)])
    func `a word unlike all candidates gets no suggestion`(word: String) {
        #expect(Suggestion.closest(to: word, among: ["host", "subset", "weight"]) == nil)
    }

    @Test func `the first of equally near candidates wins and a difference in case counts as none`() {
        #expect(Suggestion.closest(to: "bat", among: ["cat", "rat"]) == "cat")
        #expect(Suggestion.closest(to: "service", among: ["Services", "Service"]) == "Service")
        #expect(Suggestion.closest(to: "x", among: [String]()) == nil)
    }

    @Test func `words that are not ASCII do not crash`() {
        #expect(Suggestion.closest(to: "größe", among: ["große", "\u{0}", "👩‍👩‍👧‍👦"]) == "große")
    }
}
