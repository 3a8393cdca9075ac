// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Requests of a log, counted by seconds, with the share that the canary had of them.
///
/// Where the share is not known it is taken from the requests themselves, those of a minute or more. That keeps what a judge promises:
/// given who got how many requests of a minute, failures of versions that are alike are drawn from them without putting back, and what
/// an e-value expects of such draws is no more than of independent ones (Hoeffding, JASA 58, 1963, theorem 4).
package struct LoggedTraffic: Sendable {
    /// A gap in a log, or a clock that leaps, counts as so many seconds at most.
    static let longestGap = 3600
    /// What a share is taken from at least, unless nothing comes for an hour.
    private static let fewestSeconds = 60
    private static let fewestRequests: UInt64 = 200

    private let declared: Share?
    /// Since 1970; the time of the first request.
    package private(set) var start: Int64?
    private var now: Int64 = 0
    private var current = ArmPair()
    private var waiting: [ArmPair] = []
    private var waitingCounts = (canary: UInt64(0), all: UInt64(0))
    /// Gaps that were cut, and requests that were logged more than a minute late.
    package private(set) var leaps = 0
    package private(set) var totals = ArmPair()

    /// - Parameter share: the canary's, in the whole log; `nil` takes it from the requests.
    package init(share: Share?) {
        declared = share
    }

    /// - Parameter use: gets the seconds that are over, in their order, with the canary's share.
    package mutating func add(_ request: LoggedRequest, _ use: (ArmPair, Share) -> Void) {
        if start == nil { (start, now) = (request.second, request.second) }
        if request.second > now { pass(until: request.second, use) }
        if request.second < now - 60 { leaps += 1 }
        count(request)
    }

    package mutating func finish(_ use: (ArmPair, Share) -> Void) {
        guard start != nil else { return }
        end(use)
        flush(use)
    }

    private mutating func pass(until second: Int64, _ use: (ArmPair, Share) -> Void) {
        let gap = Int(clamping: second - now)
        if gap > Self.longestGap { leaps += 1 }
        now = second
        for _ in 0..<min(gap, Self.longestGap) { end(use) }
    }

    private mutating func count(_ request: LoggedRequest) {
        if request.isCanary {
            current.canary.count(request)
        } else {
            current.stable.count(request)
        }
    }

    /// A second is over.
    private mutating func end(_ use: (ArmPair, Share) -> Void) {
        waiting.append(current)
        totals.add(current)
        waitingCounts.canary &+= current.canary.assigned
        waitingCounts.all &+= current.canary.assigned &+ current.stable.assigned
        current = ArmPair()
        let isEnough = waiting.count >= Self.fewestSeconds && waitingCounts.all >= Self.fewestRequests
        if declared != nil || isEnough || waiting.count >= Self.longestGap { flush(use) }
    }

    private mutating func flush(_ use: (ArmPair, Share) -> Void) {
        let share = declared ?? Share(observed: waitingCounts.canary, of: waitingCounts.all)
        for counts in waiting { use(counts, share) }
        waiting.removeAll(keepingCapacity: true)
        waitingCounts = (0, 0)
    }
}

extension ArmCounts {
    fileprivate mutating func count(_ request: LoggedRequest) {
        assigned &+= 1
        ended &+= 1
        if request.isError { errors &+= 1 }
        if let nanoseconds = request.nanoseconds, !request.isAbandoned {
            durations.add(nanoseconds: nanoseconds)
        }
    }
}

extension Share {
    /// In three digits, so that minutes that are alike have the same one: a judge keeps counts by share.
    fileprivate init(observed part: UInt64, of whole: UInt64) {
        guard whole > 0, part > 0, part < whole else {
            self.init(part, of: whole)
            return
        }
        let value = Double(part) / Double(whole)
        var scale: UInt64 = 1000
        while value * Double(scale) < 100, scale < 1_000_000_000 { scale *= 10 }
        self.init(max(UInt64((value * Double(scale)).rounded()), 1), of: scale)
    }
}
