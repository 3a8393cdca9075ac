// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// Names among endpoints: all their addresses, found beside the traffic.
@Suite(.timeLimit(.minutes(15))) struct ResolverTests {
    /// A resolver in a thread of its own, with the names that are wanted and what it published last.
    private final class Running: Sendable {
        let resolver: Resolver
        let wanted = Mutex<Set<String>>([])
        let found = Mutex<[String: [String]]>([:])
        /// How often something was published.
        let publications = Counter()
        /// How often the resolver looked for something to do.
        private let rounds = Counter()
        private let thread = Mutex<Thread?>(nil)

        init(now: (@Sendable () -> Int64)? = nil, _ lookUp: @escaping Proxy.NameLookUp) {
            resolver = now.map { Resolver(lookUp: lookUp, now: $0) } ?? Resolver(lookUp: lookUp)
            let started = Thread(name: "resolver") { [self] in
                resolver.run(
                    wanted: {
                        rounds.next()
                        return wanted.withLock(\.self)
                    },
                    publish: { news in
                        found.withLock { $0 = news }
                        publications.next()
                    }
                )
            }
            thread.withLock { $0 = started }
        }

        func want(_ names: Set<String>) {
            wanted.withLock { $0 = names }
            resolver.wake()
        }

        func wait(until isTrue: ([String: [String]]) -> Bool) {
            while !isTrue(found.withLock(\.self)) { usleep(1000) }
        }

        /// Returns when a round is over that began after this.
        func goRound() {
            for _ in 0..<2 {
                let before = rounds.value
                resolver.wake()
                while rounds.value == before { usleep(1000) }
            }
        }

        /// Returns when the resolver's thread has ended.
        func stop() {
            resolver.stop()
            thread.withLock { $0.take() }?.join()
        }
    }

    @Test func `names whose server is silent hold up neither others nor the end`() {
        let gate = Mutex<Bool>(false)
        let silent = Counter()
        let running = Running { name in
            guard name.hasPrefix("silent") else { return ["10.0.0.1"] }
            silent.next()
            while !gate.withLock(\.self) { usleep(1000) }
            return nil
        }
        running.want(Set((0..<40).map { "silent-\($0).test" }))
        while silent.value < 8 { usleep(1000) }
        running.want(Set((0..<40).map { "silent-\($0).test" } + (0..<20).map { "good-\($0).test" }))
        running.wait { $0.count == 20 }
        #expect(silent.value <= 64)
        running.stop()
        gate.withLock { $0 = true }
    }

    @Test func `names that no table names are forgotten, and those that fail keep their addresses`() {
        let isFailing = Mutex(false)
        let running = Running { name in
            isFailing.withLock(\.self) ? nil : ["10.0.0.1", "10.0.0.2"]
        }
        for round in 0..<2000 { running.want(["name-\(round).test", "stays.test"]) }
        running.wait { $0["name-1999.test"]?.count == 2 && $0["stays.test"]?.count == 2 }
        #expect(running.resolver.count == 2)
        isFailing.withLock { $0 = true }
        running.want(["stays.test", "new.test"])
        running.wait { $0.count == 2 && $0["new.test"] != nil }
        #expect(
            running.found.withLock(\.self) == ["stays.test": ["10.0.0.1", "10.0.0.2"], "new.test": []]
        )
        running.stop()
    }

    @Test
    func `addresses are looked up again when they are five seconds old, and told where they are others`() {
        let now = Mutex<Int64>(0)
        let lookUps = Counter()
        let addresses = Mutex(["10.0.0.1"])
        let running = Running(now: { now.withLock(\.self) }) { _ in
            defer { lookUps.next() }
            return addresses.withLock(\.self)
        }
        running.want(["a.test"])
        running.wait { $0 == ["a.test": ["10.0.0.1"]] }
        for moment in [1, 4999] as [Int64] {
            now.withLock { $0 = moment }
            running.goRound()
            #expect(lookUps.value == 1)
        }
        // The same again is no news.
        now.withLock { $0 = 5000 }
        running.resolver.wake()
        while lookUps.value < 2 { usleep(1000) }
        #expect(running.publications.value == 1)
        addresses.withLock { $0 = ["10.0.0.2", "10.0.0.3"] }
        now.withLock { $0 = 10_000 }
        while lookUps.value < 3 {
            running.resolver.wake()
            usleep(1000)
        }
        running.wait { $0 == ["a.test": ["10.0.0.2", "10.0.0.3"]] }
        #expect(running.publications.value == 2)
        // Nor is no address, which is taken for a name server's weakness.
        addresses.withLock { $0 = [] }
        now.withLock { $0 = 15_000 }
        while lookUps.value < 4 {
            running.resolver.wake()
            usleep(1000)
        }
        running.goRound()
        #expect(running.publications.value == 2)
        #expect(running.found.withLock(\.self) == ["a.test": ["10.0.0.2", "10.0.0.3"]])
        running.stop()
    }

    @Test func `names that took long come behind the others the next time`() {
        let now = Mutex<Int64>(0)
        let order = Mutex<[String]>([])
        let gate = Mutex(true)
        let running = Running(now: { now.withLock(\.self) }) { name in
            order.withLock { $0.append(name) }
            while !gate.withLock(\.self) { usleep(1000) }
            if name == "slow.test" { now.withLock { $0 = 501 } }
            return ["10.0.0.1"]
        }
        running.want(["slow.test"])
        running.wait { $0.count == 1 }
        // Seven that take their time leave room for one.
        gate.withLock { $0 = false }
        now.withLock { $0 = 5400 }
        let busy = Set((0..<7).map { "busy-\($0).test" })
        running.want(busy.union(["slow.test"]))
        while order.withLock(\.count) < 8 { usleep(1000) }
        // By now both are due, the slow one for longer.
        now.withLock { $0 = 5600 }
        running.want(busy.union(["slow.test", "new.test"]))
        while order.withLock(\.count) < 9 { usleep(1000) }
        #expect(order.withLock(\.last) == "new.test")
        gate.withLock { $0 = true }
        while order.withLock(\.last) != "slow.test" { usleep(1000) }
        running.stop()
    }

    private func named(_ port: UInt16) -> Resource {
        let spec: Value = [
            "hosts": ["named.test"], "resolution": "DNS",
            "ports": [
                ["number": 80, "name": "http", "protocol": "HTTP", "targetPort": .integer(Int64(port))]
            ],
        ]
        return TestProxy.resource(.serviceEntry, "named", ["spec": spec])
    }

    @Test func `all addresses of a name get requests, and one that leaves gets none`() throws {
        let first = try TestOrigin(named: "127.0.0.2", at: "127.0.0.2:0")
        let others = try ["127.0.0.3", "127.0.0.4"].map {
            try TestOrigin(named: $0, at: "\($0):\(first.port)")
        }
        let addresses = Mutex(["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        let proxy = try TestProxy(
            [],
            resources: [named(first.port)],
            lookUp: { _ in addresses.withLock(\.self) }
        )
        let request = "GET / HTTP/1.1\r\nHost: named.test\r\n\r\n"
        while try proxy.ask(request).status == 503 {}
        let connection = try proxy.connect()
        var counts: [String: Int] = [:]
        for _ in 0..<30 {
            try connection.send(request)
            counts[try connection.readMessage().body, default: 0] += 1
        }
        #expect(counts == ["127.0.0.2": 10, "127.0.0.3": 10, "127.0.0.4": 10])
        withExtendedLifetime(others) {}
    }

    @Test func `a request waits for the first address of a name`() throws {
        let origin = try TestOrigin { TestOrigin.response("got \($0.body)") }
        let gate = Mutex(false)
        let proxy = try TestProxy(
            [],
            resources: [named(origin.port)],
            lookUp: { _ in
                while !gate.withLock(\.self) { usleep(1000) }
                return ["127.0.0.1"]
            }
        )
        let connection = try proxy.connect()
        try connection.send("POST / HTTP/1.1\r\nHost: named.test\r\nContent-Length: 4\r\n\r\nbo")
        try connection.send("dy")
        gate.withLock { $0 = true }
        #expect(try connection.readMessage().body == "got body")
    }

    @Test func `a request does not wait for a name without address, nor for longer than it may`() throws {
        let gate = Mutex(false)
        defer { gate.withLock { $0 = true } }
        let impatient: Value = [
            "spec": [
                "host": "named.test",
                "trafficPolicy": ["connectionPool": ["tcp": ["connectTimeout": "50ms"]]],
            ]
        ]
        let request = "GET / HTTP/1.1\r\nHost: named.test\r\n\r\n"
        let unknown = try TestProxy([], resources: [named(1)], lookUp: { _ in nil })
        #expect(try unknown.ask(request).status == 503)
        let silent = try TestProxy(
            [],
            resources: [named(1), TestProxy.resource(.destinationRule, "named", impatient)],
            lookUp: { _ in
                while !gate.withLock(\.self) { usleep(1000) }
                return nil
            }
        )
        #expect(try silent.ask(request).status == 503)
    }

    @Test func `the end of a proxy waits for no look-up`() throws {
        let gate = Mutex(false)
        let asked = Counter()
        let proxy = try TestProxy(
            [],
            resources: [named(1)],
            lookUp: { _ in
                asked.next()
                while !gate.withLock(\.self) { usleep(1000) }
                return nil
            }
        )
        while asked.value == 0 { usleep(1000) }
        proxy.stop()
        // Nobody has opened the gate: the look-up still waits.
        #expect(asked.value > 0 && !gate.withLock(\.self))
        gate.withLock { $0 = true }
    }
}
