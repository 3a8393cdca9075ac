// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

/// What workers share of the health of a cluster, with times as arguments.
struct ClusterHealthTests {
    private let policy = OutlierPolicy(
        OutlierDetection(["maxEjectionPercent": 100, "consecutive5xxErrors": 2])
    )

    private func health(_ policy: OutlierPolicy, _ members: Set<UInt64> = [1, 2, 3]) -> ClusterHealth {
        let health = ClusterHealth()
        health.update(members, policy)
        return health
    }

    @Test func `errors in a row eject for the base time, as of the sweep behind it`() {
        let health = health(policy)
        let before = health.version(now: 0)
        let first = health.report(.answered(status: 500), of: 1, policy, now: 1000)
        #expect(!first && health.version(now: 1000) == before)
        #expect(health.report(.answered(status: 500), of: 1, policy, now: 2000))
        #expect(health.version(now: 2000) != before)
        #expect(health.view(now: 2000).ejected == [1])
        // Sweeps are at 11 s, 21 s and so on; 30 s are over at 32 s.
        #expect(health.view(now: 40_999).ejected == [1])
        let ejected = health.version(now: 40_999)
        #expect(health.version(now: 41_000) != ejected)
        #expect(health.view(now: 41_000).ejected == [])
        #expect(health.ejections == 1)
    }

    @Test func `it does not matter who looks when`() {
        var random = SeededGenerator(seed: 11)
        let (often, seldom) = (health(policy), health(policy))
        _ = (often.view(now: 0), seldom.view(now: 0))
        var now: Int64 = 0
        for _ in 0..<300 {
            let next = now + Int64.random(in: 1...20_000, using: &random)
            while now < next {
                now = min(now + 700, next)
                _ = often.version(now: now)
            }
            let id = UInt64.random(in: 1...3, using: &random)
            let report: EndpointReport =
                Bool.random(using: &random) ? .connectionFailed : .answered(status: 200)
            let first = often.report(report, of: id, policy, now: now)
            let second = seldom.report(report, of: id, policy, now: now)
            #expect(first == second)
            #expect(often.view(now: now).ejected == seldom.view(now: now).ejected)
        }
        #expect(often.ejections == seldom.ejections && often.ejections > 5)
    }

    @Test func `a new table keeps what is known of those that stay, and nothing of those that leave`() {
        let policy = OutlierPolicy(
            OutlierDetection(["maxEjectionPercent": 100, "consecutive5xxErrors": 1])
        )
        let health = health(policy)
        _ = health.view(now: 5)
        for id in [1, 2] as [UInt64] { health.report(.timedOut, of: id, policy, now: 10) }
        health.update([2, 3, 4], policy)
        let view = health.view(now: 20)
        #expect(view.ejected == [2])
        #expect(view.joinedAt == [2: 5, 3: 5, 4: 20])
        let version = view.version
        health.update([2, 3, 4], policy)
        #expect(health.version(now: 20) == version)
        // Nobody's errors count.
        #expect(!health.report(.timedOut, of: 1, policy, now: 30))
    }

    @Test func `without a policy nothing is ejected`() {
        let health = health(.none)
        for time in 0..<20 as Range<Int64> { health.report(.timedOut, of: 1, .none, now: time) }
        #expect(health.view(now: 100).ejected == [] && health.ejections == 0)
    }
}
