// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// The lists that connections are in by pointers of their own.
struct ConnectionListTests {
    typealias Entry = SlabPointer<Registration>

    private func withEntries(_ count: Int, _ body: ([Entry]) -> Void) {
        var slab = Slab<Registration>(chunkCount: 4)
        var entries: [Entry] = []
        for _ in 0..<count { entries.append(slab.take(Registration(.downstream))) }
        body(entries)
    }

    @Test func `who is ready comes once, in order`() {
        withEntries(3) { entries in
            var list = ReadyList()
            for index in [0, 1, 0, 2, 1] { list.insert(entries[index]) }
            let first = list.popFirst()
            #expect(first == entries[0])
            list.insert(entries[0])
            let rest = [list.popFirst(), list.popFirst(), list.popFirst()]
            #expect(rest == [entries[1], entries[2], entries[0]])
            let none = list.popFirst()
            #expect(none == nil)
        }
    }

    @Test func `a closed connection that waits in the ready list stays until it was taken out`() {
        withEntries(3) { entries in
            var loop = EventLoop()
            for entry in entries { loop.close(.plain(-1), entry) }
            loop.ready.insert(entries[1])
            var gone: Set<Entry> = []
            var closed = loop.takeClosed()
            while let entry = closed.popFirst() { gone.insert(entry) }
            #expect(gone == [entries[0], entries[2]])
            let waiting = loop.ready.popFirst()
            closed = loop.takeClosed()
            let last = closed.popFirst()
            #expect(waiting == entries[1] && last == entries[1] && closed.isEmpty)
            closed = loop.takeClosed()
            #expect(closed.isEmpty)
        }
    }

    @Test func `a closed connection is never due`() {
        withEntries(1) { entries in
            var loop = EventLoop()
            loop.set(entries[0], in: 1)
            loop.close(.plain(-1), entries[0])
            let wait = loop.timers.wait(now: loop.now)
            #expect(wait == -1)
        }
    }

    @Test func `a closed connection has no events, though another still has its socket`() {
        withEntries(1) { entries in
            var loop = EventLoop()
            let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            let other = dup(descriptor)
            let isRegistered = loop.register(.plain(descriptor), entries[0])
            let now = loop.now
            let before = loop.wait(until: now)
            loop.close(.plain(descriptor), entries[0])
            var one: UInt64 = 1
            _ = write(other, &one, MemoryLayout<UInt64>.size)
            let after = loop.wait(until: now)
            #expect(isRegistered && before == 1 && after == 0)
            close(other)
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a pool gives the connection back that rested last, whichever of the others were closed`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        var pool = EndpointPool()
        var slab = Slab<Upstream>(chunkCount: 16)
        var all: [UpstreamPointer] = []
        for _ in 0..<20 { all.append(slab.take(Upstream(.plain(-1), to: .none, phase: .idle))) }
        var model: [UpstreamPointer] = []
        for _ in 0..<3000 {
            let upstream = random.pick(all)
            if let index = model.firstIndex(of: upstream) {
                if random.chance(50) {
                    pool.remove(upstream)
                    model.remove(at: index)
                } else {
                    let popped = pool.pop()
                    #expect(popped == model.popLast())
                }
            } else {
                pool.push(upstream)
                model.append(upstream)
            }
            #expect(pool.idleCount == model.count && pool.firstIdle == model.last)
            #expect(pool.isUnused == model.isEmpty)
        }
    }

    @Test func `slots are at different places, and come back last in, first out`() {
        var slab = Slab<Int>(chunkCount: 4)
        var taken: [SlabPointer<Int>] = []
        for number in 0..<10 { taken.append(slab.take(number)) }
        #expect(Set(taken).count == 10)
        #expect(taken.map { $0.pointee } == Array(0..<10))
        slab.give(taken[3])
        slab.give(taken[7])
        let again = [slab.take(107), slab.take(103)]
        #expect(again == [taken[7], taken[3]])
        #expect(again.map { $0.pointee } == [107, 103])
    }

    #if DEBUG
        @Test func `who uses a value that was given back is stopped, whoever has its place now`() async {
            await #expect(processExitsWith: .signal(SIGILL)) {
                var slab = Slab<Int>(chunkCount: 4)
                let gone = slab.take(1)
                slab.give(gone)
                let next = slab.take(2)
                if next == gone { print(gone.pointee) }
            }
        }
    #endif
}
