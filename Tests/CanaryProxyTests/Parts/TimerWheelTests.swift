// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryProxy

struct TimerWheelTests {
    typealias Entry = SlabPointer<Registration>

    private func entries(_ count: Int, in slab: inout Slab<Registration>) -> [Entry] {
        var entries: [Entry] = []
        for _ in 0..<count { entries.append(slab.take(Registration(.downstream))) }
        return entries
    }

    /// The tick at whose end an entry may come, in milliseconds.
    private func latest(_ deadline: Int64) -> Int64 {
        (deadline + TimerWheel.tick - 1) / TimerWheel.tick * TimerWheel.tick
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `whatever is set, moved and cancelled, each comes when it is due, and the wheel never oversleeps`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        var now: Int64 = 1_000_003
        var wheel = TimerWheel(now: now)
        var slab = Slab<Registration>(chunkCount: 16)
        let entries = entries(40, in: &slab)
        var model: [Entry: Int64] = [:]
        for _ in 0..<20_000 {
            let entry = random.pick(entries)
            switch random.next() % 10 {
            case 0:
                wheel.cancel(entry)
                model[entry] = nil
            case 1:
                wheel.set(entry, to: Registration.never)
                model[entry] = nil
            default:
                // From at once to further than the wheel reaches.
                let deadline = now + Int64(random.pick([1, 10, 300, 8000, 40_000] as [UInt64]))
                wheel.set(entry, to: deadline)
                model[entry] = deadline
            }
            guard random.chance(30) else { continue }
            let wait = wheel.wait(now: now)
            if let first = model.values.min() {
                #expect(wait >= 0 && now + Int64(wait) <= max(latest(first), now + TimerWheel.tick))
            }
            now += Int64(random.pick([4, 5, 50, 9000] as [UInt64]))
            while let due = wheel.popDue(now: now) {
                let deadline = model.removeValue(forKey: due)
                #expect(deadline.map { $0 <= now } == true)
            }
            for deadline in model.values {
                #expect(latest(deadline) > now / TimerWheel.tick * TimerWheel.tick)
            }
        }
        for entry in entries { wheel.cancel(entry) }
        let wait = wheel.wait(now: now)
        #expect(wait == -1)
    }

    @Test func `an entry that is made due again while it is handled comes again`() {
        var wheel = TimerWheel(now: 0)
        var slab = Slab<Registration>(chunkCount: 1)
        let entry = slab.take(Registration(.downstream))
        var count = 0
        wheel.set(entry, to: 4)
        for now in stride(from: 4 as Int64, through: 40, by: 4) {
            while let due = wheel.popDue(now: now) {
                count += 1
                wheel.set(due, to: now + 1)
            }
        }
        #expect(count == 10)
    }
}
