// SPDX-License-Identifier: Apache-2.0

/// How long a container that ended waits before it is started again, as the kubelet has it: not at all at first, then ten seconds,
/// and each time twice as long, up to five minutes. Ten minutes after its last start that is forgotten.
struct RestartBackOff: Hashable, Sendable {
    static let first = Duration.seconds(10)
    static let longest = Duration.seconds(300)
    static let memory = longest * 2

    private var delay: Duration?
    private var lastStart: TimePoint?

    /// When a container that ended then may start again.
    mutating func restart(after end: TimePoint) -> TimePoint {
        if let lastStart, end - lastStart > Self.memory { delay = nil }
        let wait = delay ?? .zero
        delay = delay.map { min($0 * 2, Self.longest) } ?? Self.first
        return end + wait
    }

    /// When a container that could not be started is tried again: that is never done at once.
    mutating func retry(after failure: TimePoint) -> TimePoint {
        let wait = delay ?? Self.first
        delay = min(wait * 2, Self.longest)
        return failure + wait
    }

    mutating func noteStart(at time: TimePoint) { lastStart = time }
}
