// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryCLI

/// When a proxy gives memory back.
struct UnusedPagesTests {
    /// How many turns it takes until memory is given back.
    private func turns(_ pages: UnusedPages) -> Int? { (1...100).first { _ in pages.turn() } }

    @Test func `memory is given back once, a while after the start and after each table`() {
        let pages = UnusedPages()
        let delay = turns(pages)
        #expect(delay ?? 0 > 10)
        #expect(turns(pages) == nil)
        pages.tableChanged()
        #expect(turns(pages) == delay)
    }

    @Test func `a table begins the time anew`() {
        let pages = UnusedPages()
        for _ in 1...30 {
            pages.tableChanged()
            for _ in 1...10 { #expect(!pages.turn()) }
        }
        #expect(turns(pages) != nil)
    }
}
