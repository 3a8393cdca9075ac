// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How long an ``EProcess`` takes until its alarm, worked out exactly for one share and one true ratio.
///
/// E grows with the number of canary events c, so that after n events there is a least c that alarms; the probabilities of the
/// numbers below it are carried from event to event, each of which is the canary's with q = wψ/(1 − w + wψ). Nothing is
/// simulated or approximated, but for parts below 10⁻¹⁶ that are cut off.
package struct DetectionTime: Sendable, Equatable {
    /// Events until the alarm; `nil` where it comes later than was looked for.
    package private(set) var median: Int?
    package private(set) var ninetieth: Int?
    /// The mean number of canary events at the alarm, of the runs that had one.
    package private(set) var canaryEvents = 0.0
    /// The probability of an alarm within the events looked at.
    package private(set) var power = 0.0

    package init(
        share: Share,
        ratio: Double,
        hypothesis: Hypothesis = .noWorse(),
        alpha: Double,
        events limit: Int = 5000,
        until power: Double = 0.95
    ) {
        guard share.isProper else { return }
        let odds = share.value * ratio
        var walk = AlarmWalk(share: share, canary: odds / (1 - share.value + odds), hypothesis, alpha)
        var weighted = 0.0
        for event in 1...limit {
            let alarm = walk.step(event)
            self.power += alarm
            weighted += alarm * Double(walk.boundary)
            if median == nil, self.power >= 0.5 { median = event }
            if ninetieth == nil, self.power >= 0.9 { ninetieth = event }
            if self.power >= power { break }
        }
        if self.power > 0 { canaryEvents = weighted / self.power }
    }
}

/// The distribution of the number of canary events, without the runs that have had an alarm.
private struct AlarmWalk {
    /// The least number of canary events that alarms.
    private(set) var boundary = 1
    private var process: EProcess
    private let share: Share
    private let canary: Double
    private let threshold: Double
    private var probabilities = [1.0]
    /// The number that the first probability is of.
    private var offset = 0

    init(share: Share, canary: Double, _ hypothesis: Hypothesis, _ alpha: Double) {
        self.share = share
        self.canary = canary
        process = EProcess(hypothesis)
        threshold = -log(alpha)
    }

    /// The probability of an alarm at just this event.
    mutating func step(_ events: Int) -> Double {
        while boundary <= events, !alarms(events, boundary) { boundary += 1 }
        var last = 0.0
        for index in probabilities.indices {
            let own = probabilities[index]
            probabilities[index] = own * (1 - canary) + last * canary
            last = own
        }
        probabilities.append(last * canary)
        var alarm = 0.0
        while let last = probabilities.last, offset + probabilities.count - 1 >= boundary {
            alarm += last
            probabilities.removeLast()
        }
        let small = probabilities.prefix { $0 < 1e-16 }.count
        probabilities.removeFirst(small)
        offset += small
        return alarm
    }

    private func alarms(_ events: Int, _ canary: Int) -> Bool {
        var process = process
        process.add(ShareCounts(share: share, events: UInt64(events), canary: UInt64(canary)))
        return process.logValue >= threshold
    }
}
