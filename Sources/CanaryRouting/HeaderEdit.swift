// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// One change of a header.
package struct HeaderEdit: BitwiseCopyable {
    package enum Operation: UInt8, BitwiseCopyable {
        /// Overwrites all values.
        case set
        /// Adds a further value.
        case append
        /// Removes all values.
        case remove
    }

    package var operation: Operation
    /// In lower case.
    package var name: ByteSlice
    let template: BorrowedList<TemplateSegment>

    /// Appends the value. `false` where it is empty, which leaves the buffer as it was: the operation is to be skipped.
    package func appendValue(_ facts: RequestFacts, to buffer: inout ByteBuffer) -> Bool {
        let before = buffer.count
        template.append(facts, to: &buffer)
        return buffer.count > before
    }
}

extension BorrowedList<TemplateSegment> {
    /// More than any header section may have.
    private var mostBytes: Int { 1 << 16 }

    func append(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        let start = buffer.count
        for segment in self where buffer.count - start < mostBytes { segment.append(facts, to: &buffer) }
    }
}

extension TemplateSegment {
    fileprivate func append(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        let start = buffer.count
        switch kind {
        case .literal: buffer.append(text)
        case .requestHeader: appendHeader(facts, to: &buffer)
        case .method: buffer.append(facts.method)
        case .path: appendTarget(facts, to: &buffer)
        case .authority: buffer.append(facts.authority)
        case .scheme: buffer.append(facts.scheme)
        case .remoteAddress: appendRemoteAddress(facts, to: &buffer)
        case .remoteAddressWithoutPort: buffer.append(facts.sourceAddress)
        case .remotePort: buffer.append(decimal: UInt64(facts.sourcePort))
        case .protocolVersion: appendVersion(facts, to: &buffer)
        case .responseCode: buffer.append(decimal: UInt64(max(facts.responseCode, 0)))
        case .startTime: appendStartTime(facts.startTime, to: &buffer)
        case .hostName: buffer.append(facts.hostName)
        case .upstreamHost: buffer.append(facts.upstreamAddress)
        case .firstOf: appendFirst(facts, to: &buffer)
        case .sentFirstOf where facts.sentTarget.isMissing: appendHeader(facts, to: &buffer)
        case .sentFirstOf: appendFirst(facts, to: &buffer)
        case .sentTarget where facts.sentTarget.isMissing: appendTarget(facts, to: &buffer)
        case .sentTarget: buffer.append(facts.sentTarget)
        case .sentAuthority:
            buffer.append(facts.sentAuthority.isMissing ? facts.authority : facts.sentAuthority)
        }
        if limit < buffer.count - start { buffer.truncate(to: start + limit) }
    }

    private func appendHeader(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        if let value = facts.header(text)?.value {
            buffer.append(value)
        } else if !alternative.isEmpty, let value = facts.header(alternative)?.value {
            buffer.append(value)
        }
    }

    private func appendFirst(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        let start = buffer.count
        for choice in choices {
            if choice.header.isMissing {
                choice.segments.append(facts, to: &buffer)
                if buffer.count > start { return }
            } else if let value = facts.header(choice.header)?.value {
                return buffer.append(value)
            }
        }
    }

    private func appendTarget(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        buffer.append(facts.path)
        guard !facts.query.isMissing else { return }
        buffer.append(UInt8(ascii: "?"))
        buffer.append(facts.query)
    }

    private func appendRemoteAddress(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        guard !facts.sourceAddress.isEmpty else { return }
        let isIPv6 = facts.sourceAddress.firstIndex(of: UInt8(ascii: ":")) != nil
        if isIPv6 { buffer.append(UInt8(ascii: "[")) }
        buffer.append(facts.sourceAddress)
        if isIPv6 { buffer.append(UInt8(ascii: "]")) }
        buffer.append(UInt8(ascii: ":"))
        buffer.append(decimal: UInt64(facts.sourcePort))
    }

    private func appendVersion(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        switch facts.version {
        case .http10: buffer.append("HTTP/1.0")
        case .http11: buffer.append("HTTP/1.1")
        case .http2: buffer.append("HTTP/2")
        }
    }

    /// Envoy's default format.
    private func appendStartTime(_ milliseconds: Int64, to buffer: inout ByteBuffer) {
        if milliseconds > 0 { buffer.append(timestamp: milliseconds) }
    }
}
