// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What is left off as memory runs short, and taken up again.
struct OverloadTests {
    /// What a proxy believes that it uses, in percent of its limit.
    private final class Memory: Sendable {
        let percent = Atomic<Int64>(0)
        /// Whether an origin does.
        let mayAnswer = Atomic(false)
    }

    @Test func `levels are taken at once, and left after a second`() {
        var pressure = MemoryPressure(limit: 1000)
        #expect(pressure.look(used: 899, now: 0) == .none)
        #expect(pressure.look(used: 900, now: 100) == .endingConnections)
        #expect(pressure.look(used: 980, now: 200) == .acceptingNothing)
        #expect(pressure.look(used: 950, now: 300) == .acceptingNothing)
        #expect(pressure.look(used: 100, now: 1299) == .acceptingNothing)
        #expect(pressure.look(used: 950, now: 1300) == .refusingRequests)
        #expect(pressure.look(used: 0, now: 1400) == .refusingRequests)
        // Once more in between, and the time begins anew.
        #expect(pressure.look(used: 960, now: 2300) == .refusingRequests)
        #expect(pressure.look(used: 0, now: 2500) == .refusingRequests)
        #expect(pressure.look(used: 0, now: 3499) == .refusingRequests)
        #expect(pressure.look(used: 0, now: 3500) == .none)
    }

    @Test func `a proxy ends connections, refuses requests and accepts nothing, in this order, and recovers`()
        throws
    {
        let origin = try TestOrigin(named: "v1")
        let memory = Memory()
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.memoryLimit = 100
            $0.memoryUsed = { memory.percent.load(ordering: .relaxed) }
        }
        func use(_ percent: Int64, until level: OverloadLevel) {
            memory.percent.store(percent, ordering: .relaxed)
            while proxy.proxy.shared.overload.load(ordering: .relaxed) != level.rawValue { sched_yield() }
        }
        #expect(try proxy.ask().field("connection") == nil)

        use(90, until: .endingConnections)
        let last = try proxy.ask()
        #expect(last.status == 200)
        #expect(last.field("connection") == "close")
        #expect(proxy.proxy.problems.contains { $0.contains("clients' connections end") })

        // One that says nothing is let go once requests are refused.
        memory.percent.store(0, ordering: .relaxed)
        while proxy.proxy.shared.overload.load(ordering: .relaxed) != 0 { sched_yield() }
        let resting = try proxy.connect()
        try resting.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        #expect(try resting.readMessage().field("connection") == nil)
        let silent = try FramePeer(to: proxy.address)
        #expect(try silent.isAlive())
        use(95, until: .refusingRequests)
        #expect(resting.isEnded())
        while true { do { try silent.step() } catch { break } }
        let refused = try proxy.ask()
        #expect(refused.status == 503)
        #expect(refused.field("x-envoy-local-overloaded") == "true")
        #expect(refused.body == "envoy overloaded")

        use(98, until: .acceptingNothing)
        let waiting = try proxy.connect()
        try waiting.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
        var answer = pollfd(fd: waiting.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&answer, 1, 300) == 0)

        use(10, until: .none)
        #expect(try waiting.readMessage().status == 200)
        #expect(proxy.proxy.problems.isEmpty)
    }

    @Test func `a client of HTTP/2 is told to go elsewhere, and its requests are refused meanwhile`() throws {
        let memory = Memory()
        let origin = try TestOrigin { _ in
            while !memory.mayAnswer.load(ordering: .relaxed) { usleep(1000) }
            return TestOrigin.response("v1")
        }
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.memoryLimit = 100
            $0.memoryUsed = { memory.percent.load(ordering: .relaxed) }
        }
        let client = try FramePeer(to: proxy.address)
        // One that is under way goes on.
        try client.send(.headers(1, Frame.request()))
        #expect(try client.isAlive())
        memory.percent.store(96, ordering: .relaxed)
        while proxy.proxy.problems.isEmpty { sched_yield() }
        try client.send(.headers(3, Frame.request()))
        #expect(try client.answer(3).status == "503")
        memory.mayAnswer.store(true, ordering: .relaxed)
        #expect(try client.answer(1).status == "200")
        while client.lastStream == nil { try client.step() }
    }
}
