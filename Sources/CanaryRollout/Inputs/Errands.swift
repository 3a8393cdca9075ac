// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Synchronization

/// Work that may take its time, each in a thread of its own beside whoever wants its result, and so many at once at most.
///
/// Who waits is never kept longer than was agreed: work that is not done by then has the result that was said for that case, and
/// whatever comes of it later is nobody's.
final class Errands<Key: Hashable & Sendable, Outcome: Sendable>: Sendable {
    struct State {
        /// Those that nobody has asked about yet, by their deadline.
        var open: [Key: (number: Int, deadline: Int64, late: Outcome)] = [:]
        var results: [(key: Key, outcome: Outcome)] = []
        var threads = 0
        var count = 0

        /// Whether it is under way, or done and nobody has heard of it.
        func isOpen(_ key: Key) -> Bool { open[key] != nil || results.contains { $0.key == key } }
    }

    private let limit: Int
    let state = Mutex(State())
    private let cancellation = EventDescriptor()
    private let someEnded = EventDescriptor()

    /// - Parameter limit: how many threads there are at most.
    init(limit: Int) {
        self.limit = limit
    }

    /// Begins work; `false` where the same is under way, or its result still to be taken, or too much else is.
    ///
    /// - Parameter deadline: in milliseconds of the monotonic clock; the work should keep to it.
    /// - Parameter work: gets what tells it that nobody waits any more.
    func begin(
        _ key: Key,
        deadline: Int64,
        late: Outcome,
        _ work: @escaping @Sendable (EventDescriptor) -> Outcome
    ) -> Bool {
        let number = state.withLock { state -> Int? in
            guard !state.isOpen(key), state.threads < limit else { return nil }
            state.threads += 1
            state.count += 1
            state.open[key] = (state.count, deadline, late)
            return state.count
        }
        guard let number else { return false }
        let thread = Thread(name: "errand") { [self] in
            let outcome = work(cancellation)
            end(key, number, outcome)
        }
        if let thread { thread.detach() } else { end(key, number, late) }
        return true
    }

    private func end(_ key: Key, _ number: Int, _ outcome: Outcome) {
        state.withLock { state in
            state.threads -= 1
            guard state.open[key]?.number == number else { return }
            state.open[key] = nil
            state.results.append((key, outcome))
        }
        someEnded.signal()
    }

    func isOpen(_ key: Key) -> Bool { state.withLock { $0.isOpen(key) } }

    /// What is done since the last time, or should be by now.
    func finished(at now: Int64) -> [(key: Key, outcome: Outcome)] {
        state.withLock { state in
            var done = state.results
            state.results = []
            for (key, errand) in state.open where errand.deadline <= now {
                done.append((key, errand.late))
                state.open[key] = nil
            }
            return done
        }
    }

    /// Ends all work that can be ended, and waits for that, though not for long.
    func stop(patience: Int64 = 2000) {
        cancellation.signal()
        let deadline = Clock.monotonicMilliseconds() + patience
        while state.withLock({ $0.threads }) > 0 {
            let left = deadline - Clock.monotonicMilliseconds()
            guard left > 0, someEnded.wait(milliseconds: Int32(clamping: left)) else { return }
            someEnded.clear()
        }
    }
}
