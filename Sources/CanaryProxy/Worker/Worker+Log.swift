// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

extension Worker {
    /// Adds an exchange's line to the access log.
    mutating func writeLog(_ exchange: ExchangePointer) {
        let facts = exchange.pointee.kept.facts
        let endpoint = exchange.pointee.lastEndpoint.flatMap { shared.identifiers.endpoint($0) }
        let line = LogLine(
            time: wallMilliseconds &- Int64((nowNanoseconds &- exchange.pointee.startedAt) / 1_000_000),
            method: facts.method,
            path: facts.path,
            query: facts.query,
            version: exchange.pointee.request.minorVersion,
            status: exchange.pointee.status,
            flag: exchange.pointee.flag,
            bytesReceived: exchange.pointee.bytesReceived,
            bytesSent: exchange.pointee.bytesSent,
            milliseconds: (nowNanoseconds &- exchange.pointee.startedAt) / 1_000_000,
            authority: facts.authority,
            userAgent: Self.header("user-agent", facts),
            requestID: Self.header("x-request-id", facts),
            madeID: exchange.pointee.madeID,
            source: facts.sourceAddress,
            upstream: endpoint?.description ?? ""
        )
        accessLog.add(line)
    }

    private static func header(_ name: StaticString, _ facts: RequestFacts) -> ByteSlice {
        facts.header(ByteSlice(base: name.utf8Start, count: name.utf8CodeUnitCount))?.value ?? ByteSlice()
    }
}
