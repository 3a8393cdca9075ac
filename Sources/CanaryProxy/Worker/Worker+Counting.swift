// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// What is told of exchanges: counters, and lines of the access log.
extension Worker {
    /// Counts a request as assigned; once, however often it is tried.
    mutating func count(_ exchange: ExchangePointer, _ counter: UInt32) {
        guard exchange.pointee.outcome.counter == nil, counter != CounterRegistry.none else { return }
        exchange.pointee.outcome.counter = counter
        // Before the request, so that whoever sees that one was counted sees this, too.
        if exchange.pointee.outcome.user != nil { countUser(exchange, counter) }
        counters.countAssigned(counter)
    }

    /// Counts what a TCP connection carried; of a switched protocol that is part of a request.
    func countBytes(_ exchange: ExchangePointer, received: Int = 0, sent: Int = 0) {
        guard exchange.pointee.isConnection, let counter = exchange.pointee.outcome.counter else { return }
        counters.countBytes(counter, received: received, sent: sent)
    }

    /// Counts how the first try ended of a request that is about to be tried again.
    func countFirstTry(_ exchange: ExchangePointer, status: Int32, flag: ResponseFlag) {
        guard exchange.pointee.tries.retries == 0, let counter = exchange.pointee.outcome.counter else {
            return
        }
        let duration = loop.nowNanoseconds &- exchange.pointee.outcome.startedAt
        let answer = exchange.pointee.answerOfTry(status, flag)
        if let user = exchange.pointee.outcome.user {
            countTry(of: user, exchange, counter, answer, nanoseconds: duration)
        }
        counters.countFirstTry(counter, answer, nanoseconds: duration)
    }

    /// Tells what a try learnt of its endpoint, where endpoints may be ejected.
    @inline(__always)
    func report(_ report: EndpointReport, _ exchange: ExchangePointer) {
        guard let destination = exchange.pointee.destination, let health = unsafe destination.health,
            let endpoint = exchange.pointee.tries.lastEndpoint
        else { return }
        unsafe health._withUnsafeGuaranteedRef {
            _ = $0.report(report, of: endpoint, destination.outliers, now: loop.now)
        }
    }

    /// Counts how an exchange ended, and has it logged.
    mutating func record(_ exchange: ExchangePointer) {
        let outcome = exchange.pointee.outcome
        let answer = exchange.pointee.answer
        // What a switched connection does afterwards is no request's duration.
        let duration = (outcome.switchedAt ?? loop.nowNanoseconds) &- outcome.startedAt
        if let counter = outcome.counter {
            if let user = outcome.user, exchange.pointee.tries.retries == 0 {
                countTry(of: user, exchange, counter, answer, nanoseconds: duration)
            }
            counters.countEnd(
                counter,
                answer,
                nanoseconds: duration,
                isRetried: exchange.pointee.tries.retries > 0
            )
        } else if exchange.pointee.isConnection {
            counters.countLocalConnection(flag: outcome.flag)
        } else {
            counters.countLocal(answer, nanoseconds: duration)
        }
        if accessLog.isOn, !exchange.pointee.isCopy { writeLog(exchange, answer) }
    }

    private mutating func writeLog(_ exchange: ExchangePointer, _ answer: CountedAnswer) {
        let facts = exchange.pointee.request.facts
        let outcome = exchange.pointee.outcome
        let milliseconds = (loop.nowNanoseconds &- outcome.startedAt) / 1_000_000
        let line = LogLine(
            time: loop.wallMilliseconds &- Int64(milliseconds),
            method: facts.method,
            path: facts.path,
            query: facts.query,
            protocol: exchange.pointee.isConnection ? .none : .init(facts.version),
            answer: answer,
            bytesReceived: outcome.bytesReceived,
            bytesSent: outcome.bytesSent,
            milliseconds: milliseconds,
            authority: facts.authority,
            userAgent: Self.header("user-agent", facts),
            requestID: Self.header("x-request-id", facts),
            madeID: exchange.pointee.tries.madeID,
            source: facts.sourceAddress,
            upstream: endpoints.text(of: exchange.pointee.tries.lastEndpoint) ?? ""
        )
        accessLog.add(line)
    }

    private static func header(_ name: StaticString, _ facts: RequestFacts) -> ByteSlice {
        facts.header(ByteSlice(name))?.value ?? ByteSlice()
    }
}
