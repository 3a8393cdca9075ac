// SPDX-License-Identifier: Apache-2.0

/// How long things have lasted. Only time under a controller's eyes counts: while nobody watched, nothing was held.
package struct RolloutClock: Sendable, Equatable {
    /// From one canary request to the next, before it counts as silence.
    static let silence = Duration.seconds(60)

    /// Since the step's setting is in force, without pauses.
    package private(set) var step = Duration.zero
    /// The same, and while the setting was still to be made, since the step began or was resumed.
    package private(set) var deadline = Duration.zero
    /// Since the canary's first request.
    package private(set) var sinceFirstRequest = Duration.zero
    package private(set) var sinceLastRequest = Duration.zero
    /// Since the promotion.
    package private(set) var watch = Duration.zero
    /// Since a step or a setting began, or the promotion.
    private var sinceChange = Duration.zero
    private var hasRequests = false
    private var minute = Duration.zero
    private var second = Duration.zero

    mutating func beginStep() {
        (step, deadline, sinceChange) = (.zero, .zero, .zero)
        minute = .zero
    }

    mutating func beginSetting() {
        (sinceLastRequest, sinceChange) = (.zero, .zero)
    }

    mutating func beginWatch() {
        (watch, second, sinceChange) = (.zero, .zero, .zero)
    }

    mutating func restartDeadline() {
        deadline = .zero
    }

    mutating func pass(_ time: Duration, isPaused: Bool, isWaiting: Bool) {
        if hasRequests { sinceFirstRequest += time }
        sinceLastRequest += time
        minute += time
        second += time
        sinceChange += time
        watch += time
        guard !isPaused else { return }
        deadline += time
        if !isWaiting { step += time }
    }

    mutating func note(hasTraffic: Bool) {
        guard hasTraffic else { return }
        hasRequests = true
        sinceLastRequest = .zero
    }

    /// How often counts are written where nothing follows from them: a rollout that takes a week is not to fill the disk.
    /// No longer than a minute, in which the judge looks for what began late.
    var journalPeriod: Duration {
        if sinceChange < .seconds(600) { return .seconds(1) }
        return sinceChange < .seconds(3600) ? .seconds(10) : .seconds(60)
    }

    mutating func takeMinute() -> Bool { Self.take(&minute, .seconds(60)) }

    mutating func takeSecond() -> Bool { Self.take(&second, .seconds(1)) }

    private static func take(_ time: inout Duration, _ length: Duration) -> Bool {
        guard time >= length else { return false }
        time = .zero
        return true
    }
}

/// What has come, apart from what is made of it.
package struct RolloutTraffic: Sendable, Equatable {
    /// The canary's requests since the step began.
    package private(set) var canaryInStep: UInt64 = 0
    /// Requests of the route, and the time, of the last minute or so: newer ones count more.
    private var requests = 0.0
    private var seconds = 0.0
    private var watched = ArmCounts()

    mutating func beginStep() {
        canaryInStep = 0
    }

    mutating func add(_ counts: ArmPair, over time: Duration) {
        canaryInStep &+= counts.canary.assigned
        watched.ended &+= counts.canary.ended
        watched.errors &+= counts.canary.errors
        let length = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        let weight = 60 / (60 + length)
        requests = weight * (requests + Double(counts.canary.assigned) + Double(counts.stable.assigned))
        seconds = weight * (seconds + length)
    }

    mutating func takeWatched() -> ArmCounts {
        defer { watched = ArmCounts() }
        return watched
    }

    /// Of the route, lately.
    package var requestsPerSecond: Double { seconds > 0 ? requests / seconds : 0 }
}
