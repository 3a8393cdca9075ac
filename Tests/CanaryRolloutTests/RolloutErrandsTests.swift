// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryRollout

/// Who is asked and told beside a controller, whatever they do.
@Suite final class RolloutErrandsTests {
    private let errands = RolloutErrands(environment: ["PATH": "/usr/bin:/bin"])
    private var controller: RolloutController
    private var world = MadeUpWorld(RolloutPlan(stable: "v1", canary: "v2"))
    /// Of clocks that go faster than the machine's.
    private var ahead: Int64 = 0

    init() {
        controller = RolloutController(errands)
    }

    deinit {
        errands.stop()
    }

    private func begin(_ metrics: [String], notifications: [String] = []) throws {
        let spec = try Manifest.spec(metrics, notifications: notifications)
        world = MadeUpWorld(RolloutPlan(spec, stable: "v1"))
        world.subject = try Manifest.subject(metrics, notifications: notifications)
        try turn()
    }

    private func turn() throws {
        let now = Clock.monotonicMilliseconds() + ahead
        _ = try controller.turn(world, at: Moment(wall: now, monotonic: now))
    }

    private var state: RolloutState {
        get throws { try #require(RolloutState(replaying: world.journal)) }
    }

    /// Turns until something is so, with requests that are all well.
    private func wait(until isSo: (RolloutState) throws -> Bool) throws {
        let deadline = Clock.monotonicMilliseconds() + 60_000
        while Clock.monotonicMilliseconds() < deadline {
            world.serve(canary: 10, stable: 90)
            try turn()
            if try isSo(state) { return }
            // What is waited for is done by other threads.
            EventDescriptor().wait(milliseconds: 5)
        }
        let message = try state.message
        Issue.record("it does not come: \(message)")
    }

    private func told(_ event: (RolloutEvent) -> Bool) -> Bool { world.journal.contains { event($0.event) } }

    // MARK: - Asking

    @Test func `what is good lets the rollout go on`() throws {
        try begin([
            #"{"name": "a", "command": ["true"]}"#, #"{"name": "b", "command": ["echo", "1"], "max": 1}"#,
        ])
        try wait { $0.phase == .promoted }
        #expect(told { $0 == .gateAnswered("b", .passed) })
    }

    @Test func `what is not good is asked again after its interval`() throws {
        let scratch = try ScratchDirectory()
        let file = scratch.path("asked")
        let script = "echo >>\(file); [ $(wc -l <\(file)) -gt 1 ]"
        try begin([#"{"name": "a", "command": ["sh", "-c", "\#(script)"], "interval": "1h"}"#])
        try wait { $0.gates["a"] == .failed("status 1") }
        for _ in 0..<3 { try turn() }
        #expect(try state.message == "waiting for metric \"a\", which failed: status 1")
        ahead += 3_600_000
        try wait { $0.phase == .promoted }
        #expect(try FileReader.read(path: file).get().count == 2)
    }

    @Test func `what may not fail takes the canary back, before the step is done too`() throws {
        try begin([
            #"{"name": "a", "command": ["false"], "onFailure": "abort", "interval": "1s", "failureLimit": 1}"#
        ])
        // No request comes, so that nothing but the interval has it asked.
        #expect(try !state.isAskingGates)
        for _ in 0..<2 {
            ahead += 1000
            let before = world.journal.count
            try turn()
            while world.journal.count <= before + 1, try state.phase == .progressing,
                try state.gateFailures["a"] == nil
            {
                EventDescriptor().wait(milliseconds: 5)
                try turn()
            }
        }
        try wait { $0.phase == .aborted }
        #expect(try state.message == "metric \"a\" failed: status 1")
        #expect(world.setting == .stable)
    }

    @Test func `whoever hangs, drips or prints without an end holds no abort back`() throws {
        let drips = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\n\r\n", to: connection)
            while send("x", to: connection) { EventDescriptor().wait(milliseconds: 10) }
        }
        defer { drips.stop() }
        let metrics = (0..<5).flatMap { number in
            [
                #"{"name": "h\#(number)", "command": ["sleep", "1000"], "timeout": "10m"}"#,
                #"{"name": "d\#(number)", "http": {"url": "\#(drips.url)"}, "timeout": "10m"}"#,
                #"{"name": "y\#(number)", "command": ["yes"], "timeout": "10m"}"#,
            ]
        }
        try begin(metrics)
        try wait { $0.isAskingGates }
        world.serve(canary: 50, failed: 50, stable: 450)
        let begun = Clock.monotonicMilliseconds()
        try turn()
        #expect(try state.phase == .aborted)
        // The least timeout is ten minutes.
        #expect(Clock.monotonicMilliseconds() - begun < 60_000)
    }

    @Test func `a metric that does not answer in time is told, whatever its thread does`() throws {
        try begin([#"{"name": "a", "command": ["sleep", "1000"], "timeout": "1s"}"#])
        try wait { $0.isAskingGates }
        ahead += 2000
        try turn()
        #expect(try state.gates["a"] == .silent("no answer in 1 s"))
    }

    @Test func `an answer for a step that has passed is dropped`() throws {
        let release = EventDescriptor()
        let gate = try RawServer { connection, number in
            if number == 0 { release.wait(milliseconds: 60_000) }
            send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { gate.stop() }
        try begin([
            #"{"name": "a", "http": {"url": "\#(gate.url)"}, "onFailure": "abort", "interval": "1h", "timeout": "1h"}"#
        ])
        try wait { _ in gate.requests.count == 1 }
        // Somebody goes on meanwhile, and what is asked then is another question.
        world.give(.pause)
        world.give(.promote, id: "p")
        try turn()
        #expect(try state.phase == .promoted)
        release.signal()
        try wait { _ in errands.isIdle }
        #expect(try state.phase == .promoted)
        #expect(!told { if case .gateAnswered = $0 { true } else { false } })
    }

    // MARK: - Telling

    @Test func `whoever wants to be told is, once`() throws {
        let scratch = try ScratchDirectory()
        let file = scratch.path("told")
        let hook = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { hook.stop() }
        let script = #"echo "$CANARYCTL_EVENT {{canary}} $CANARYCTL_MESSAGE" >>\#(file)"#
        let words = JSONWriter.write(.sequence(["sh", "-c", script].map(Node.string)), pretty: false)
        try begin(
            [],
            notifications: [
                #"{"webhook": {"url": "\#(hook.url)/hook"}}"#,
                #"{"command": \#(words), "events": ["promoted"]}"#,
            ]
        )
        try wait { $0.phase == .promoted && $0.notices.isEmpty }
        #expect(
            String(decoding: try FileReader.read(path: file).get(), as: UTF8.self) == "promoted v2 promoted\n"
        )
        let bodies = try hook.requests.map {
            try JSONReader.read(String($0.split(separator: "\r\n").last ?? ""))
        }
        #expect(Set(bodies.map { $0["metadata"]?["eventType"]?.string }) == ["started", "promoted"])
        #expect(bodies.count == 2 && bodies.allSatisfy { $0["name"]?.string == "shop" })
    }

    @Test func `what cannot be delivered is tried again, then given up and told, and is in nobody's way`()
        throws
    {
        let hook = try RawServer { connection, _ in
            send("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nbusy", to: connection)
        }
        defer { hook.stop() }
        try begin([], notifications: [#"{"webhook": {"url": "\#(hook.url)"}, "events": ["promoted"]}"#])
        try wait { $0.phase == .promoted }
        for count in 1...3 {
            try wait { _ in hook.requests.count == count && errands.isIdle }
            ahead += 10_000
        }
        try wait { $0.notices.isEmpty }
        #expect(hook.requests.count == 3)
        let last = try #require(world.journal.last { if case .notified = $0.event { true } else { false } })
        #expect(last.sentence(try state) == "notification 1 was not delivered: status 500: busy")
        #expect(try state.phase == .promoted)
    }

    @Test func `a controller that takes over tells what was not told`() throws {
        let hook = try RawServer { connection, _ in
            send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        defer { hook.stop() }
        controller = RolloutController()
        try begin([], notifications: [#"{"webhook": {"url": "\#(hook.url)"}, "events": ["aborted"]}"#])
        world.give(.abort)
        for _ in 0..<3 { try turn() }
        #expect(try state.phase == .aborted && hook.requests.isEmpty && !world.isOver)
        controller = RolloutController(errands)
        try wait { $0.notices.isEmpty }
        #expect(hook.requests.count == 1 && world.isOver)
    }
}

@Suite struct ErrandsTests {
    @Test func `the same is done once at a time, and not too much at once`() {
        let errands = Errands<Int, Int>(limit: 2)
        let release = EventDescriptor()
        let work: @Sendable (EventDescriptor) -> Int = { _ in
            release.wait(milliseconds: 60_000)
            return 1
        }
        #expect(errands.begin(1, deadline: 100, late: -1, work))
        #expect(!errands.begin(1, deadline: 100, late: -1, work))
        #expect(errands.begin(2, deadline: 200, late: -2, work))
        #expect(!errands.begin(3, deadline: 100, late: -3, work))
        #expect(errands.finished(at: 99).isEmpty)
        // What is late has a result, but its thread is still there.
        #expect(errands.finished(at: 100).map(\.outcome) == [-1])
        #expect(!errands.isOpen(1) && !errands.begin(3, deadline: 300, late: -3, work))
        release.signal()
        errands.stop(patience: 60_000)
        #expect(errands.finished(at: 100).map(\.outcome) == [1])
        #expect(errands.isIdle)
    }

    @Test func `what is done is not begun again before its result is taken`() {
        let errands = Errands<Int, Int>(limit: 2)
        #expect(errands.begin(1, deadline: .max, late: -1) { _ in 7 })
        errands.stop(patience: 60_000)
        #expect(errands.isOpen(1) && !errands.begin(1, deadline: .max, late: -1) { _ in 8 })
        #expect(errands.finished(at: 0).map(\.outcome) == [7])
        #expect(!errands.isOpen(1) && errands.begin(1, deadline: .max, late: -1) { _ in 9 })
        errands.stop(patience: 60_000)
    }

    @Test func `work is told that nobody waits any more`() {
        let errands = Errands<Int, Bool>(limit: 1)
        #expect(errands.begin(1, deadline: .max, late: false) { $0.wait(milliseconds: 60_000) })
        errands.stop(patience: 60_000)
        #expect(errands.finished(at: 0).map(\.outcome) == [true])
    }
}

extension Errands {
    fileprivate var isIdle: Bool { state.withLock { $0.open.isEmpty && $0.results.isEmpty } }
}

extension RolloutErrands {
    fileprivate var isIdle: Bool { questions.isIdle && deliveries.isIdle }
}
