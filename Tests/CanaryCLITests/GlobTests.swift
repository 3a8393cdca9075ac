// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryCLI

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", ""), ("*", "reviews"), ("re*", "reviews"), ("*views", "reviews"), ("r*v*s", "reviews"),
        ("reviews", "reviews"), ("*a*b", "aab-ab"), ("**", "x"),
    ])
    func `a star stands for any run of characters`(pattern: String, name: String) {
        #expect(Glob(pattern).matches(name))
    }

    @Test(arguments: [
        ("", "x"), ("re", "reviews"), ("re*x", "reviews"), ("*a*b", "aab-ac"), ("r?views", "reviews"),
    ])
    func `everything else stands for itself`(pattern: String, name: String) {
        #expect(!Glob(pattern).matches(name))
    }

    @Test func `many stars against a long name end soon`() {
        let name = String(repeating: "a", count: 5_000)
        #expect(!Glob(String(repeating: "*a", count: 50) + "b").matches(name))
    }
}
