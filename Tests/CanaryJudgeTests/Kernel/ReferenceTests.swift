// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import Glibc
import Testing

/// The numbers against those of fifty digits that `Reference/generate.py` worked out.
@Suite struct ReferenceTests {
    @Test func `evidence of counts`() {
        for value in ReferenceValues.evidence {
            let own = hypothesis(value.hypothesis).logEvidence(counts(value.counts))
            #expect(isClose(own, value.logEvidence), "\(value)")
        }
    }

    @Test func `evidence with start points`() {
        for value in ReferenceValues.processes {
            var process = EProcess(hypothesis(value.hypothesis))
            for (number, segment) in value.segments.enumerated() {
                if number > 0 { process.beginSegment() }
                for entry in counts(segment) { process.add(entry) }
            }
            #expect(isClose(process.logValue, value.logEvidence), "\(value)")
        }
    }

    @Test func `ratios and their bounds`() throws {
        for value in ReferenceValues.intervals {
            let prior = value.prior.isEmpty ? nil : hypothesis(value.prior)
            let own = try #require(RatioInterval(counts(value.counts), alpha: value.alpha, prior: prior))
            for (number, reference) in zip([own.estimate, own.low, own.high], value.ratio) {
                #expect(abs(number / reference - 1) < 1e-8, "\(value)")
            }
        }
    }

    @Test func `evidence of blocks`() {
        for value in ReferenceValues.blocks {
            var process = BlockProcess()
            for block in value.blocks { process.add(stable: block[0], block[1], canary: block[2], block[3]) }
            #expect(isClose(process.logValue, value.logEvidence), "\(value)")
        }
    }

    @Test func `evidence of a detector`() {
        var detector = ChangeDetector(limit: Share(percent: 1), steps: 100, alpha: 0.01)
        for step in ReferenceValues.detector.steps { detector.step(requests: step[0], failures: step[1]) }
        #expect(isClose(detector.logValue, ReferenceValues.detector.logEvidence))
    }

    /// To twelve digits, or where large terms cancel to what is left of them.
    private func isClose(_ own: Double, _ reference: Double) -> Bool {
        abs(own - reference) <= 1e-12 * max(abs(reference), 100)
    }

    private func counts(_ numbers: ReferenceValues.Counts) -> [ShareCounts] {
        numbers.map { ShareCounts(share: Share($0[0], of: $0[1]), events: $0[2], canary: $0[3]) }
    }

    private func hypothesis(_ name: String) -> Hypothesis {
        switch name {
        case "worse": .noWorse()
        case "worse1.2": .noWorse(than: 1.2)
        case "better2": .noBetter(than: 2)
        default: .same
        }
    }
}
