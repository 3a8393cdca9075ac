// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization
import Testing

@Suite struct ThreadTests {
    @Test func `the body runs in a thread of the given name, and its end can be waited for`() throws {
        let name = Mutex("")
        let thread = Thread(name: "a-name-of-more-than-15-bytes") {
            let text = (try? FileReader.read(path: "/proc/thread-self/comm").get()) ?? []
            name.withLock { $0 = String(decoding: text, as: UTF8.self) }
        }
        try #require(thread).join()
        #expect(name.withLock(\.self) == "a-name-of-more-\n")
    }

    @Test func `what a body holds is let go of at its end`() throws {
        final class Held: Sendable {}
        weak var released: Held?
        do {
            let held = Held()
            released = held
            try #require(Thread(name: "holds") { _ = held }).join()
        }
        #expect(released == nil)
    }
}
