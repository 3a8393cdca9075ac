// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Synchronization

extension Proxy {
    private static let lookEvery: Int32 = 100
    private static let releaseEvery: Int64 = 1000

    /// Looks how much memory is used, and has workers take on less as it nears the limit, until `stop` is signalled.
    func watchMemory(limit: Int64, until stop: EventDescriptor) {
        var pressure = MemoryPressure(limit: limit)
        var releasedAt = Int64.min / 2
        repeat {
            let now = Clock.monotonicMilliseconds()
            let before = pressure.level
            let used = shared.configuration.memoryUsed()
            let level = pressure.look(used: used, now: now)
            if level > .none, now - releasedAt >= Self.releaseEvery {
                canary_release_freed_memory()
                releasedAt = now
            }
            guard level != before else { continue }
            shared.overload.store(level.rawValue, ordering: .relaxed)
            let sentence = "\(used >> 20) MiB of the \(limit >> 20) MiB of memory are used: \(level.sentence)"
            shared.publish { $0.overload = level == .none ? nil : sentence }
            if level > before { warn(sentence) } else { inform(sentence) }
        } while !stop.wait(milliseconds: Self.lookEvery)
    }
}
