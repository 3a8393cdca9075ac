// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A rollout's past as pictures need it: what was counted, set and found over time, in at most 240 points however long it took.
///
/// Time is that under a controller's eyes: while nobody watched nothing is shown.
package struct RolloutTimeline: Sendable {
    package static let mostPoints = 240
    /// Sentences that are kept; the first one always is.
    package static let mostMarks = 500

    package struct Point: Sendable, Equatable {
        package var counts = ArmPair()
        /// The canary's share at its end; `nil` where the route is no split of the two.
        package var share: Share?
        /// By metric, in the judge's order: how far it is to the alarm, ln E of ln 1/α. 1 is there, 0 says nothing, less speaks for the
        /// canary.
        package var evidence: [Double] = []
    }

    /// Something that happened.
    package struct Mark: Sendable, Equatable {
        package enum Tone: Sendable { case plain, good, bad }

        /// Since the beginning.
        package var seconds: Double
        /// Milliseconds since 1970.
        package var wallMilliseconds: Int64
        package var attempt: Int
        package var text: String
        package var tone: Tone
    }

    package private(set) var state: RolloutState
    /// One after the other, each ``width`` long.
    package private(set) var points: [Point] = []
    /// Of a point, in seconds.
    package private(set) var width = 1.0
    package private(set) var marks: [Mark] = []
    /// Sentences that were not kept.
    package private(set) var lostMarks = 0
    /// When the steps' settings came into force, in seconds.
    package private(set) var steps: [(seconds: Double, setting: RouteSetting)] = []
    package private(set) var seconds = 0.0
    package private(set) var totals = ArmPair()
    private var lately = RecentRates()

    package init(_ plan: RolloutPlan) {
        state = RolloutState(plan)
    }

    /// The past of a whole journal; `nil` where it is none.
    package init?(replaying journal: some Sequence<JournalEntry>) {
        var timeline: RolloutTimeline?
        for entry in journal {
            if timeline == nil, case .started(let plan) = entry.event { timeline = RolloutTimeline(plan) }
            guard timeline?.add(entry) == true else { return nil }
        }
        guard let timeline else { return nil }
        self = timeline
    }

    /// Whether this is the next entry; nothing happens otherwise.
    package mutating func add(_ entry: JournalEntry) -> Bool {
        guard entry.follows(state.number) else { return false }
        if case .watched(let time, let growth) = entry.event { watch(time, growth) }
        _ = state.apply(entry)
        if case .settingInForce(let setting, _, _) = entry.event { steps.append((seconds, setting)) }
        if let text = entry.sentence(state) { note(text, entry) }
        return true
    }

    /// The points, the last one as of now.
    package var pointsUntilNow: [Point] {
        var points = points
        if let last = points.indices.last { points[last].look(at: state) }
        return points
    }

    /// Each version's requests a second, of the last ten seconds or so.
    package var rates: (stable: Double, canary: Double) { lately.rates }

    private mutating func watch(_ time: Duration, _ growth: [String: ArmPair]) {
        let (whole, attoseconds) = time.components
        let length = Double(whole) + Double(attoseconds) / 1e18
        while seconds / width >= Double(Self.mostPoints) { halve() }
        let index = Int(seconds / width)
        if index >= points.count {
            // The entry is of what comes after it.
            if let last = points.indices.last { points[last].look(at: state) }
            let before = points.last ?? Point()
            for _ in points.count...index {
                points.append(Point(share: before.share, evidence: before.evidence))
            }
        }
        for counts in growth.values {
            points[index].counts.add(counts)
            totals.add(counts)
        }
        points[index].share = state.declaredShare
        lately.add(growth.values, over: length)
        seconds += length
    }

    /// Two points become one.
    private mutating func halve() {
        points = stride(from: 0, to: points.count, by: 2).map { index in
            guard index + 1 < points.count else { return points[index] }
            var point = points[index + 1]
            point.counts.add(points[index].counts)
            return point
        }
        width *= 2
    }

    private mutating func note(_ text: String, _ entry: JournalEntry) {
        marks.append(
            Mark(
                seconds: seconds,
                wallMilliseconds: entry.wallMilliseconds,
                attempt: state.attempt,
                text: text,
                tone: entry.event.tone
            )
        )
        guard marks.count > Self.mostMarks else { return }
        marks.remove(at: 1)
        lostMarks += 1
    }
}

extension RolloutTimeline.Point {
    mutating func look(at state: RolloutState) {
        share = state.declaredShare
        evidence = state.judge.metrics.map(\.progress)
    }
}

extension MetricJudge {
    /// ln E of ln 1/α: 1 is the alarm.
    package var progress: Double { logAlarm / -log(alpha) }
}

extension RolloutState {
    /// The canary's share that is in force; `nil` where the route is no split of the two.
    package var declaredShare: Share? {
        switch inForce {
        case .split(let share): share
        case .mirror, .focus: Share.none
        case nil: nil
        }
    }
}

extension RolloutEvent {
    fileprivate var tone: RolloutTimeline.Mark.Tone {
        switch self {
        case .aborted, .alarmed, .splitDistrusted, .settingFailed, .countsLost, .recovered: .bad
        case .promoted, .watchEnded: .good
        default: .plain
        }
    }
}

/// Newer seconds count more.
private struct RecentRates: Sendable {
    private static let horizon = 10.0
    private var stable = 0.0
    private var canary = 0.0
    private var seconds = 0.0

    mutating func add(_ growth: some Sequence<ArmPair>, over length: Double) {
        let weight = Self.horizon / (Self.horizon + length)
        for counts in growth {
            stable += Double(counts.stable.assigned)
            canary += Double(counts.canary.assigned)
        }
        (stable, canary, seconds) = (weight * stable, weight * canary, weight * (seconds + length))
    }

    var rates: (stable: Double, canary: Double) {
        seconds > 0 ? (stable / seconds, canary / seconds) : (0, 0)
    }
}
