// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization
import Testing

@Suite struct EventDescriptorTests {
    @Test func `a signal stays given until it is cleared, however often it came`() {
        let event = EventDescriptor()
        #expect(!event.wait(milliseconds: 0))
        event.signal()
        event.signal()
        #expect(event.wait(milliseconds: 0))
        #expect(event.wait(milliseconds: 0))
        event.clear()
        #expect(!event.wait(milliseconds: 0))
        // Clearing what was not given blocks nobody.
        event.clear()
    }

    @Test func `every thread that waits is woken`() {
        let event = EventDescriptor()
        let woken = Atomic(0)
        let work = { @Sendable in
            if event.wait(milliseconds: -1) { woken.add(1, ordering: .relaxed) }
        }
        let threads = (0..<4).compactMap { _ in Thread(name: "waits", work) }
        event.signal()
        for thread in threads { thread.join() }
        #expect(woken.load(ordering: .relaxed) == threads.count)
    }
}
