// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// Which address is checked when, and what follows from how checks end; times are the test's own.
struct HealthScheduleTests {
    private static func target(_ port: UInt16, _ change: (inout HealthCheckPolicy) -> Void = { _ in })
        -> HealthCheckTarget
    {
        var policy = HealthCheckPolicy(.tcp)
        change(&policy)
        return HealthCheckTarget(
            address: EndpointAddress(host: "10.0.0.1", port: port),
            policy: policy,
            host: "app"
        )
    }

    /// A schedule of one address, whose first check is under way.
    private static func begun(_ change: (inout HealthCheckPolicy) -> Void = { _ in }) -> HealthSchedule {
        var schedule = HealthSchedule()
        _ = schedule.follow([target(1, change)], now: 0) { 0 }
        #expect(schedule.start(now: 0).count == 1)
        return schedule
    }

    /// Ends a check and begins the next; whether that changed anything.
    private static func end(_ schedule: inout HealthSchedule, _ isGood: Bool, at now: Int64) -> Bool {
        let failure = isGood ? nil : "no"
        let hasChanged = schedule.end(target(1).address, failure: failure, now: now, random: 0)
        #expect(schedule.start(now: now + 20_000).count == 1)
        return hasChanged
    }

    @Test func `an address is ready until its first check, which decides at once`() {
        var schedule = Self.begun()
        #expect(schedule.failing.isEmpty)
        #expect(Self.end(&schedule, false, at: 0))
        #expect(schedule.failing == [Self.target(1).address])
        #expect(Self.end(&schedule, true, at: 1))
        #expect(schedule.failing.isEmpty)
    }

    @Test(arguments: 1...4, 1...4) func `thresholds count checks in a row`(healthy: Int, unhealthy: Int) {
        var schedule = Self.begun {
            $0.healthyThreshold = healthy
            $0.unhealthyThreshold = unhealthy
        }
        #expect(!Self.end(&schedule, true, at: 0))
        for round in 0..<3 {
            for number in 1...unhealthy {
                // One good check begins the row again.
                if number == unhealthy, number > 1, round == 0 {
                    #expect(!Self.end(&schedule, true, at: 0))
                    for _ in 1..<number { #expect(!Self.end(&schedule, false, at: 0)) }
                }
                #expect(Self.end(&schedule, false, at: 0) == (number == unhealthy))
            }
            #expect(!schedule.failing.isEmpty)
            for number in 1...healthy { #expect(Self.end(&schedule, true, at: 0) == (number == healthy)) }
            #expect(schedule.failing.isEmpty)
        }
    }

    @Test func `the interval counts from the end of a check, more or less by a tenth`() {
        for (random, next) in [(UInt64(0), Int64(9_000)), (.max, 11_000), (.max / 2, 10_000)] {
            var schedule = Self.begun()
            _ = schedule.end(Self.target(1).address, failure: nil, now: 500, random: random)
            #expect(schedule.nextDue == 500 + next)
            #expect(schedule.start(now: 499 + next).isEmpty)
            #expect(schedule.start(now: 500 + next).count == 1)
        }
    }

    @Test func `first checks are spread, and few are under way at once`() {
        var generator = SeededGenerator(seed: 1)
        var schedule = HealthSchedule()
        let targets = (0..<1000).map { Self.target($0 + 1) }
        _ = schedule.follow(targets, now: 0) { generator.next() }
        var started: [Int64] = []
        for now in Int64(0)..<1500 {
            let begun = schedule.start(now: now)
            #expect(begun.count <= HealthSchedule.atATime)
            started += begun.map { _ in now }
            for target in begun { _ = schedule.end(target.address, failure: nil, now: now, random: 0) }
        }
        #expect(started.count == 1000)
        // Halves of the time have halves of the checks, within six standard deviations.
        #expect(405...595 ~= started.count { $0 < 750 })
        var slow = HealthSchedule()
        _ = slow.follow(targets, now: 0) { 0 }
        #expect(slow.start(now: 0).count == HealthSchedule.atATime)
        #expect(slow.start(now: 0).isEmpty && slow.nextDue == nil)
        _ = slow.end(slow.standings()[0].target.address, failure: nil, now: 0, random: 0)
        #expect(slow.start(now: 0).count <= 1)
    }

    @Test func `what leaves is forgotten, and begins anew when it comes back`() {
        var schedule = Self.begun()
        _ = schedule.end(Self.target(1).address, failure: "no", now: 0, random: 0)
        let hasForgottenFailing = schedule.follow([], now: 1) { 0 }
        #expect(hasForgottenFailing)
        #expect(schedule.failing.isEmpty && schedule.nextDue == nil)
        let hasForgottenMore = schedule.follow([Self.target(1)], now: 2) { 0 }
        #expect(!hasForgottenMore)
        #expect(schedule.standings().map(\.standing.isKnown) == [false])
    }

    @Test func `a check that is under way for what has left, or is to be checked otherwise, does not count`()
    {
        var schedule = Self.begun()
        _ = schedule.follow([], now: 1) { 0 }
        let counts = schedule.end(Self.target(1).address, failure: "no", now: 1, random: 0)
        #expect(!counts)
        #expect(!schedule.isWanted(Self.target(1)))
        var other = Self.begun()
        let changed = Self.target(1) { $0.kind = .http(path: "/") }
        _ = other.follow([changed], now: 1) { 0 }
        #expect(!other.isWanted(Self.target(1)) && other.isWanted(changed))
        #expect(other.start(now: 1) == [changed])
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", nil), ("HTTP/1.0 302", nil), ("HTTP/1.1 399 ", nil),
        ("HTTP/1.1 404 N", "status 404"), ("HTTP/1.1 500", "status 500"), ("HTTP/1.1 199 x", "status 199"),
        ("SSH-2.0-OpenSSH_9", "the answer is not HTTP/1"), ("HTTP/2 200 OK", "the answer is not HTTP/1"),
        ("HTTP/1.1 20 OK", "the answer is not HTTP/1"), ("HTTP/1.1  200", "the answer is not HTTP/1"),
    ]) func `a status from 200 to 399 means well`(answer: String, failure: String?) {
        #expect(HealthProbe.failure(of: Array(answer.utf8)) == failure)
    }
}
