// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The odds-tilt e-process: evidence against a ``Hypothesis``, from counts alone, that may be looked at as often as one likes.
///
///     E = Σᵢ γᵢ Σⱼ πⱼ exp[ℓᵢ(ψⱼ) − ℓᵢ(ψ₀)]
///
/// where ℓᵢ counts from the i-th start point on, and the sum is 1 before it. While the hypothesis is true E is a non-negative
/// supermartingale that begins with 1, so that by Ville's inequality P(E ever ≥ 1/α) ≤ α, however many looks there are, and
/// whatever the shares do because of what was seen (Ville 1939; Robbins 1970; Ramdas, Grünwald, Vovk, Shafer: Game-Theoretic
/// Statistics, Stat. Sci. 2023, arXiv 2210.01948). Start points make up for a long healthy past, which would hide what goes
/// wrong late. γ₁ = 9/10 and γᵢ = 1/(10 i (i − 1)): looking for late harm costs early harm ln(10/9) = 0.11.
///
/// Draws that are made once for many looks, as those of sticky users, count once: not after one start point and again after the
/// next. So each start point then has evidence of its own, up to the next one, γᵢ = 1/(i (i + 1)) and E = maxᵢ γᵢ E⁽ⁱ⁾: by
/// Bonferroni's inequality that is at most α, too, however the start points depend on each other.
///
/// The state is whole numbers; everything else follows from them. One kernel serves every question:
///
/// - events of both arms, with the canary's share: is the canary's rate higher?
/// - requests of the canary for events, its failures for the canary's, with a limit p₀ for the share: ψ then is the odds ratio of
///   its failure rate and p₀, since Π (p/p₀)^y ((1−p)/(1−p₀))^(n−y) = exp ℓ(ψ) with p = p₀ψ / (1 − p₀ + p₀ψ);
/// - all requests, with the share: is the split as declared?
/// - mirrored pairs of which only one half failed, with ½ for the share.
package struct EProcess: Sendable, Equatable {
    private static let firstPart = 0.9
    /// Segments that are kept. Of more, old ones are put together: E does not change, and what is told of it begins at another start
    /// point.
    private static let mostSegments = 128

    package let hypothesis: Hypothesis
    /// Whether draws come again after a start point.
    private let repeatsDraws: Bool
    /// By start point: what was counted until the next one that is kept. The last is being counted.
    private var segments: [Segment] = [Segment(start: 1)]
    /// Start points so far.
    package private(set) var starts = 1
    /// All segments together.
    package private(set) var totals: [ShareCounts] = []
    /// ln Σᵢ γᵢ exp[…] of the segments that are done, by alternative; of draws that come again, of the present one's beginning.
    private var carried: [Double]
    /// ln maxᵢ γᵢ E⁽ⁱ⁾ of the segments that are done, of draws that come again.
    private var highest = -Double.infinity
    /// ``Hypothesis/costs(_:)`` of the shares seen so far.
    private var costs: [Share: [Double]] = [:]

    private struct Segment: Sendable, Equatable {
        /// The start point's number, from 1 on.
        var start: Int
        var counts: [ShareCounts] = []
    }

    package init(_ hypothesis: Hypothesis, repeatsDraws: Bool = false) {
        self.hypothesis = hypothesis
        self.repeatsDraws = repeatsDraws
        carried = []
        carried = prior(1)
    }

    package mutating func add(_ counts: ShareCounts) {
        guard counts.share.isProper, counts.events > 0 else { return }
        segments[segments.count - 1].counts.add(counts)
        totals.add(counts)
        if costs[counts.share] == nil { costs[counts.share] = hypothesis.costs(counts.share) }
    }

    /// Looks for a change from here on, too. When that happens may depend on what was counted before, not on what comes.
    package mutating func beginSegment() {
        guard let last = segments.last?.counts, !last.isEmpty else { return }
        let done = sums(of: last, onto: carried)
        starts += 1
        segments.append(Segment(start: starts))
        if segments.count > Self.mostSegments, !repeatsDraws { thin() }
        let new = prior(starts)
        highest = max(highest, LogSum.of(done))
        carried = repeatsDraws ? new : zip(done, new).map { LogSum.of($0, $1) }
    }

    /// Puts each two of the older half together.
    private mutating func thin() {
        let old = segments.count / 2
        let pairs = stride(from: 0, to: old, by: 2).map { index in
            var segment = segments[index]
            guard index + 1 < old else { return segment }
            for counts in segments[index + 1].counts { segment.counts.add(counts) }
            return segment
        }
        segments.replaceSubrange(..<old, with: pairs)
    }

    /// ln E.
    package var logValue: Double { repeatsDraws ? max(highest, presentLogValue) : presentLogValue }

    /// ln E of what may still grow.
    package var presentLogValue: Double {
        let begun = LogSum.of(sums(of: segments[segments.count - 1].counts, onto: carried))
        return repeatsDraws ? begun : LogSum.of(begun, log(Self.rest(after: starts)))
    }

    package var value: Double { exp(logValue) }

    /// γᵢ.
    func part(_ start: Int) -> Double {
        let start = Double(start)
        if repeatsDraws { return 1 / (start * (start + 1)) }
        return start == 1 ? Self.firstPart : (1 - Self.firstPart) / (start * (start - 1))
    }

    private func prior(_ start: Int) -> [Double] { hypothesis.logPrior.map { log(part(start)) + $0 } }

    /// Σ γᵢ of the start points that are still to come.
    private static func rest(after count: Int) -> Double { (1 - firstPart) / Double(count) }

    private func sums(of segment: [ShareCounts], onto start: [Double]) -> [Double] {
        var sums = start
        for entry in segment {
            guard let costs = costs[entry.share] else { continue }
            let (canary, events) = (Double(entry.canary), Double(entry.events))
            for index in sums.indices {
                sums[index] +=
                    canary * (hypothesis.alternatives[index] - hypothesis.null) - events * costs[index]
            }
        }
        return sums
    }

    /// The start point whose own evidence is the strongest, what was counted since, and its γ.
    package var leadingStart: (counts: [ShareCounts], part: Double) {
        var sums = hypothesis.logPrior
        var counts: [ShareCounts] = []
        var best = (counts: totals, part: part(1), value: -Double.infinity)
        for segment in segments.reversed() {
            if repeatsDraws { (sums, counts) = (hypothesis.logPrior, []) }
            sums = self.sums(of: segment.counts, onto: sums)
            for entry in segment.counts { counts.add(entry) }
            let part = part(segment.start)
            let value = log(part) + LogSum.of(sums)
            if value >= best.value { best = (counts, part, value) }
        }
        return (best.counts, best.part)
    }
}
