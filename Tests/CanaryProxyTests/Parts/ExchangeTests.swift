// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Testing

@testable import CanaryProxy

/// What an exchange decides by itself.
struct ExchangeTests {
    private let never = Registration.never
    private let limits = ProxyLimits()

    private func retries(_ on: String, attempts: Int64 = 2) -> [(String, Value)] {
        [("retries", ["attempts": .integer(attempts), "retryOn": .text(on)])]
    }

    // MARK: - Failures

    @Test
    func
        `a pooled connection that had been closed is replaced once, and only where nothing is done twice`()
    {
        let get = ExchangeScene()
        #expect(get.exchange.verdict(on: .reset(wasSent: true), wasPooled: true) == .replace)
        get.exchange.pointee.tries.hasReplacedStale = true
        #expect(
            get.exchange.verdict(on: .reset(wasSent: true), wasPooled: true)
                == .giveUp(hasUsedUpRetries: false)
        )
        let post = ExchangeScene("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n")
        #expect(post.exchange.verdict(on: .reset(wasSent: false), wasPooled: true) == .replace)
        #expect(
            post.exchange.verdict(on: .reset(wasSent: true), wasPooled: true)
                == .giveUp(hasUsedUpRetries: false)
        )
    }

    @Test func `the policy's conditions say what is tried again`() {
        for (condition, connect, reset, timeout, status) in [
            ("connect-failure", true, false, false, false), ("reset", true, true, true, false),
            ("5xx", true, true, true, true), ("gateway-error", true, true, true, true),
            ("retriable-4xx", false, false, false, false), ("503", false, false, false, true),
        ] {
            let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\r\n", retries(condition))
            func isRetried(_ failure: TryFailure) -> Bool {
                scene.exchange.verdict(on: failure, wasPooled: false) == .retry
            }
            #expect(isRetried(.connect) == connect, "\(condition)")
            #expect(isRetried(.reset(wasSent: true)) == reset, "\(condition)")
            #expect(isRetried(.timeout) == timeout, "\(condition)")
            #expect(scene.exchange.isRetried(status: 503) == status, "\(condition)")
            #expect(!scene.exchange.isRetried(status: 200), "\(condition)")
            #expect(
                scene.exchange.isRetried(status: 409) == (condition == "retriable-4xx"),
                "\(condition)"
            )
            var random = RandomSource()
            _ = scene.exchange.pointee.nextBackOff(&random)
            _ = scene.exchange.pointee.nextBackOff(&random)
            let failure = scene.exchange.verdict(on: .connect, wasPooled: false)
            #expect(failure == .giveUp(hasUsedUpRetries: connect))
            #expect(scene.exchange.verdict(status: 503) == .giveUp(hasUsedUpRetries: status))
        }
    }

    @Test func `back-offs are at most ten times their base, and spread from nothing on`() {
        let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\r\n", retries("5xx", attempts: 100))
        var random = RandomSource()
        for retry in 0..<100 {
            let longest = min(25 << min(retry, 10), 250) - 1 as Int
            let draws = (0..<200).map { _ in
                scene.exchange.pointee.tries.retries = Int32(retry)
                return scene.exchange.pointee.nextBackOff(&random)
            }
            #expect(draws.allSatisfy { 0...Int64(longest) ~= $0 })
            #expect(
                draws.contains { $0 < Int64(longest) / 4 } && draws.contains { $0 > Int64(longest) * 3 / 4 }
            )
        }
    }

    @Test func `a request that came in part is tried again only where nothing of it is lost`() {
        let head = "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\n"
        let exchange = ExchangeScene(head, retries("5xx,connect-failure"))
        func verdicts() -> [TryVerdict] {
            [.connect, .reset(wasSent: true), .timeout].map {
                exchange.exchange.verdict(on: $0, wasPooled: false)
            }
        }
        let none = TryVerdict.giveUp(hasUsedUpRetries: false)
        #expect(verdicts() == [.retry, none, none])
        exchange.exchange.pointee.body.isComplete = true
        #expect(verdicts() == [.retry, .retry, .retry])
        exchange.exchange.pointee.body.forget()
        #expect(verdicts() == [none, none, none])
    }

    @Test func `gRPC statuses are conditions, and so is a limit that was met`() {
        for (condition, status) in [
            ("cancelled", 1), ("deadline-exceeded", 4), ("resource-exhausted", 8), ("internal", 13),
            ("unavailable", 14),
        ] {
            let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\r\n", retries(condition))
            for other in [-1, 0, 1, 2, 4, 8, 13, 14] {
                let verdict = scene.exchange.verdict(status: 200, grpcStatus: Int32(other))
                #expect((verdict == .retry) == (other == status), "\(condition) \(other)")
            }
        }
        for (condition, isLimited, isRetried) in [
            ("5xx", false, true), ("5xx", true, false), ("envoy-ratelimited", true, true),
            ("envoy-ratelimited", false, false),
        ] {
            let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\r\n", retries(condition))
            let verdict = scene.exchange.verdict(status: 503, isRateLimited: isLimited)
            #expect((verdict == .retry) == isRetried, "\(condition)")
        }
    }

    @Test func `a copy is never tried again`() {
        let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\r\n", retries("5xx"))
        #expect(scene.exchange.isRetried(status: 503))
        scene.exchange.pointee.original = scene.exchange.pointee.destination
        #expect(!scene.exchange.isRetried(status: 503))
    }

    // MARK: - Kept bodies

    @Test func `a body is kept up to the limit, and not at all where it will not be sent again`() {
        func keep(_ sizes: [Int], isWanted: Bool = true) -> (bytes: [UInt8], canBeSentAgain: Bool) {
            var body = RequestBody(isComplete: false)
            for (index, size) in sizes.enumerated() {
                let bytes = [UInt8](repeating: UInt8(index), count: size)
                bytes.withSlice { body.keep($0, where: isWanted, as: .chunks, limit: 10) }
            }
            return (Array(body.keptBytes), body.canBeSentAgain)
        }
        #expect(keep([6, 0]) == ([0, 0, 0, 0, 0, 0], true))
        #expect(keep([6, 4]) == ([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], true))
        #expect(keep([6, 4, 1, 2]) == ([], false))
        #expect(keep([1], isWanted: false) == ([], false))
        #expect(keep([0], isWanted: false) == ([], true))
        let post = ExchangeScene("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\n")
        #expect(!post.exchange.mayBeSentTwice)
        let policy = retries("5xx")
        let retried = ExchangeScene("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\n", policy)
        let get = ExchangeScene()
        #expect(retried.exchange.mayBeSentTwice && get.exchange.mayBeSentTwice)
    }

    // MARK: - Deadlines

    @Test func `what is due comes in the order in which it ends an exchange`() {
        var deadlines = Deadlines()
        #expect(deadlines.next == never && deadlines.due(.max - 1) == .nothing)
        deadlines.resume = 50
        deadlines.oneTry = 40
        deadlines.stall = 30
        deadlines.departure = 20
        deadlines.lifetime = 15
        deadlines.route = 10
        #expect(deadlines.next == 10 && deadlines.due(9) == .nothing)
        for expected in [Deadlines.Due.route, .lifetime, .departure, .stall, .oneTry, .resume, .nothing] {
            #expect(deadlines.due(100) == expected)
            switch expected {
            case .route: deadlines.route = never
            case .lifetime: deadlines.lifetime = never
            case .departure: deadlines.departure = never
            case .stall: deadlines.stall = never
            case .oneTry: deadlines.oneTry = never
            case .resume: deadlines.resume = never
            case .nothing: break
            }
        }
    }

    @Test func `the route's timeout runs from the request's end on, a try's from when it is sent on`() {
        let scene = ExchangeScene(
            "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\n",
            [("timeout", "9s"), ("retries", ["attempts": 1, "perTryTimeout": "2s"])]
        )
        let exchange = scene.exchange
        #expect(exchange.pointee.deadlines.route == never)
        exchange.pointee.requestIsComplete(1000, limits)
        #expect(exchange.pointee.deadlines.route == 10_000 && exchange.pointee.deadlines.oneTry == never)
        exchange.pointee.startTry(1000)
        #expect(exchange.pointee.deadlines.oneTry == 3000)
        exchange.pointee.wait(500, 3000)
        #expect(exchange.pointee.deadlines.oneTry == never && exchange.pointee.deadlines.resume == 3500)
        exchange.pointee.startTry(3500)
        #expect(exchange.pointee.deadlines.oneTry == 5500 && exchange.pointee.deadlines.route == 10_000)
    }

    @Test func `patience is that of where the exchange is`() {
        let scene = ExchangeScene("POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\n")
        let exchange = scene.exchange
        #expect(exchange.patience(limits) == limits.stallTimeout)
        exchange.pointee.body.isComplete = true
        #expect(exchange.patience(limits) == limits.responseTimeout)
        scene.connect(.answering)
        #expect(exchange.patience(limits) == limits.stallTimeout)
        scene.connect(.switched)
        #expect(exchange.patience(limits) == limits.tunnelTimeout)
        scene.upstream.pointee.hasEnded = true
        #expect(exchange.patience(limits) == limits.stallTimeout)
    }

    @Test func `an address is waited for as long as a connection would be`() {
        let scene = ExchangeScene()
        #expect(scene.exchange.awaitAddress(20, 1000))
        #expect(scene.exchange.pointee.deadlines.resume == 1020)
        #expect(scene.exchange.awaitAddress(20, 10_999))
        #expect(!scene.exchange.awaitAddress(20, 11_000))
    }

    @Test func `a client that ended its side is given the time that its request asked for`() {
        for (field, patience) in [
            ("", limits.departureTimeout), ("Connection: close\r\n", limits.halfCloseTimeout),
        ] {
            let scene = ExchangeScene("GET / HTTP/1.1\r\nHost: app\r\n\(field)\r\n")
            scene.exchange.pointee.awaitDeparture(100, limits)
            #expect(scene.exchange.pointee.deadlines.departure == 100 + patience)
            scene.exchange.pointee.outcome.bytesSent = 1
            #expect(!scene.exchange.hasDeparted())
            #expect(scene.exchange.pointee.deadlines.departure == never)
        }
        let mirror = ExchangeScene(hasClient: false)
        mirror.exchange.pointee.awaitDeparture(100, limits)
        #expect(mirror.exchange.pointee.deadlines.departure == never)
    }
}

/// What is asked of an exchange, in a form that expectations can hold.
extension ExchangePointer {
    fileprivate var mayBeSentTwice: Bool { pointee.mayBeSentTwice }

    fileprivate func verdict(on failure: TryFailure, wasPooled: Bool) -> TryVerdict {
        pointee.verdict(on: failure, wasPooled: wasPooled)
    }

    fileprivate func verdict(status: Int, grpcStatus: Int32 = -1, isRateLimited: Bool = false) -> TryVerdict {
        var head = ResponseHead()
        head.status = status
        head.grpcStatus = grpcStatus
        head.isRateLimited = isRateLimited
        return pointee.verdict(on: head)
    }

    fileprivate func isRetried(status: Int) -> Bool { verdict(status: status) == .retry }
    fileprivate func patience(_ limits: ProxyLimits) -> Int64 { pointee.patience(limits) }
    fileprivate func awaitAddress(_ pause: Int64, _ now: Int64) -> Bool { pointee.awaitAddress(pause, now) }
    fileprivate func hasDeparted() -> Bool { pointee.hasDeparted() }
}
