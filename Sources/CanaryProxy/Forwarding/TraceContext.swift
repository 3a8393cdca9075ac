// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Whether requests that belong to no trace begin one on their way through the proxy, which itself records no spans.
package struct TraceSettings: Sendable {
    package struct Formats: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `traceparent`: W3C Trace Context, level 1.
        package static let w3c = Formats(rawValue: 1)
        /// `x-b3-traceid`, `x-b3-spanid` and `x-b3-sampled`: Zipkin's B3, which Envoy and Istio speak.
        package static let b3 = Formats(rawValue: 2)
    }

    package var formats: Formats = []
    /// The part of traces that are said to be sampled, 0 to 1; 1 %, as in Istio.
    package var sampling = 0.01

    package init() {}
}

/// The root of a trace: the request that the proxy received is its first span.
struct TraceContext: Sendable {
    private let high: UInt64
    private let low: UInt64
    private let isSampled: Bool

    init(_ random: inout RandomSource, sampling: Double) {
        // All zeros would be no id, in either format.
        high = random.next() | 1
        low = random.next() | 1
        isSampled = Double(random.next() >> 11) * 0x1p-53 < sampling
    }

    /// Writes the lines of each format. The root's span has the trace's lower digits for its id, as in Zipkin.
    func write(_ formats: TraceSettings.Formats, to output: inout ByteBuffer) {
        if formats.contains(.w3c) {
            output.append("traceparent: 00-")
            writeID(to: &output)
            output.append("-")
            output.append(hexDigits: low, count: 16)
            output.append(isSampled ? "-01\r\n" : "-00\r\n")
        }
        if formats.contains(.b3) {
            output.append("x-b3-traceid: ")
            writeID(to: &output)
            output.append("\r\nx-b3-spanid: ")
            output.append(hexDigits: low, count: 16)
            output.append(isSampled ? "\r\nx-b3-sampled: 1\r\n" : "\r\nx-b3-sampled: 0\r\n")
        }
    }

    private func writeID(to output: inout ByteBuffer) {
        output.append(hexDigits: high, count: 16)
        output.append(hexDigits: low, count: 16)
    }
}
