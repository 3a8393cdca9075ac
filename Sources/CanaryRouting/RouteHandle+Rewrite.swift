// SPDX-License-Identifier: Apache-2.0

import CRE2
import CanaryMesh

extension RouteHandle {
    /// Appends the target to send upstream in origin form: the path, rewritten if the route says so, and the query as it came.
    package func appendPath(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        let rewrite = record.pointee.rewriting
        if let rewrite, let regex = unsafe rewrite.pointee.regex {
            unsafe Self.replaceAll(regex, rewrite.pointee.substitution, in: facts.path, to: &buffer)
        } else if let rewrite, !rewrite.pointee.uri.isMissing {
            appendRewritten(facts.path, rewrite.pointee.uri, to: &buffer)
        } else {
            buffer.append(facts.path)
        }
        appendQuery(facts, to: &buffer)
    }

    /// Appends the authority to send upstream: the rewrite's, else the one that route headers set, else the destination
    /// headers', else the client's.
    package func appendAuthority(
        _ facts: RequestFacts,
        _ destination: DestinationHandle,
        to buffer: inout ByteBuffer
    ) {
        let authority = destination.record.pointee.authority
        buffer.append(authority.isEmpty ? facts.authority : authority)
    }

    /// The facts with what the header changes of an answer see of the request as it was sent. That is written to `buffer`, which
    /// must outlive the facts. A request that goes nowhere stays as it came, but that Envoy rewrites it for a redirect too.
    package func factsAsSent(
        _ facts: RequestFacts,
        _ destination: DestinationHandle?,
        in buffer: inout ByteBuffer
    ) -> RequestFacts {
        var sent = facts
        buffer.truncate()
        if action == .forward, let destination, destination.isDefined {
            appendPath(facts, to: &buffer)
            let end = buffer.count
            appendAuthority(facts, destination, to: &buffer)
            sent.sentTarget = buffer.slice.slice(0, end)
            sent.sentAuthority = buffer.slice.from(end)
        } else if action == .redirect, !record.pointee.redirect.prefixRewrite.isEmpty {
            appendRewritten(facts.path, record.pointee.redirect.prefixRewrite, to: &buffer)
            (sent.path, sent.query) = (buffer.slice, facts.query)
        }
        return sent
    }

    /// Appends the `location` of a redirect, as Envoy composes it: scheme, authority, port, path and query.
    package func appendRedirectLocation(
        _ facts: RequestFacts,
        listenerIsTLS: Bool,
        to buffer: inout ByteBuffer
    ) {
        let redirect = record.pointee.redirect
        let requestScheme = listenerIsTLS ? ByteSlice("https") : ByteSlice("http")
        let scheme = redirect.scheme.isEmpty ? requestScheme : redirect.scheme
        let port = redirect.locationPort(requested: facts.port, requestScheme: requestScheme)
        buffer.append(scheme)
        buffer.append("://")
        if redirect.authority.isEmpty {
            buffer.append(Self.host(facts.authority, scheme, requestScheme, hasNewPort: port > 0))
        } else {
            buffer.append(redirect.authority)
        }
        if port > 0 {
            buffer.append(UInt8(ascii: ":"))
            buffer.append(decimal: UInt64(port))
        }
        if !redirect.uri.isEmpty {
            buffer.append(redirect.uri)
            guard redirect.uri.firstIndex(of: UInt8(ascii: "?")) == nil else { return }
        } else if !redirect.prefixRewrite.isEmpty {
            appendRewritten(facts.path, redirect.prefixRewrite, to: &buffer)
        } else {
            buffer.append(facts.path)
        }
        appendQuery(facts, to: &buffer)
    }

    private func appendQuery(_ facts: RequestFacts, to buffer: inout ByteBuffer) {
        guard !facts.query.isMissing else { return }
        buffer.append(UInt8(ascii: "?"))
        buffer.append(facts.query)
    }

    /// Replaces the part of the path that the match block named.
    private func appendRewritten(_ path: ByteSlice, _ replacement: ByteSlice, to buffer: inout ByteBuffer) {
        buffer.append(replacement)
        let matched = entry.pointee.matchedPrefix
        if matched >= 0 { buffer.append(path.from(matched)) }
    }

    /// The client's authority without its port where the redirect brings a port of its own, or where another scheme makes the
    /// old scheme's default port wrong.
    private static func host(
        _ authority: ByteSlice,
        _ scheme: ByteSlice,
        _ requestScheme: ByteSlice,
        hasNewPort: Bool
    ) -> ByteSlice {
        let (host, port) = Authority.split(authority)
        guard port >= 0 else { return authority }
        if hasNewPort { return host }
        guard !scheme.equals(requestScheme) else { return authority }
        let defaultPort: Int32 = requestScheme.count == 5 ? 443 : 80
        return port == defaultPort ? host : authority
    }

    /// RE2's `GlobalReplace`: every match is replaced; an empty match right after another does not count.
    private static func replaceAll(
        _ regex: OpaquePointer,
        _ substitution: ByteSlice,
        in text: ByteSlice,
        to buffer: inout ByteBuffer
    ) {
        unsafe withUnsafeTemporaryAllocation(of: canary_re2_group.self, capacity: 10) { groups in
            unsafe groups.initialize(repeating: canary_re2_group(start: -1, length: 0))
            var position = 0
            var lastEnd = -1
            while position <= text.count,
                unsafe RegularExpression.search(regex, text, from: position, into: groups)
            {
                let start = unsafe groups[0].start
                let end = unsafe start + groups[0].length
                buffer.append(text.slice(position, start))
                if start == end, start == lastEnd {
                    let next = text.characterEnd(after: start)
                    buffer.append(text.slice(start, next))
                    position = max(next, start + 1)
                    continue
                }
                unsafe expand(substitution, groups, text, to: &buffer)
                position = end
                lastEnd = end
            }
            buffer.append(text.from(position))
        }
    }

    /// Appends a substitution: `\0` to `\9` are groups, `\\` is a backslash.
    private static func expand(
        _ substitution: ByteSlice,
        _ groups: UnsafeMutableBufferPointer<canary_re2_group>,
        _ text: ByteSlice,
        to buffer: inout ByteBuffer
    ) {
        var index = 0
        while index < substitution.count {
            let byte = substitution[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < substitution.count else {
                buffer.append(byte)
                continue
            }
            let digit = Int(substitution[index] &- UInt8(ascii: "0"))
            if digit < groups.count {
                if unsafe groups[digit].start >= 0 {
                    unsafe buffer.append(
                        text.slice(groups[digit].start, groups[digit].start + groups[digit].length)
                    )
                }
            } else {
                buffer.append(substitution[index])
            }
            index += 1
        }
    }
}

extension ByteSlice {
    /// Where the UTF-8 character that begins at an index ends; one byte on, for what is not UTF-8.
    fileprivate func characterEnd(after index: Int) -> Int {
        var end = index + 1
        while end < count, end < index + 4, self[end] & 0xc0 == 0x80 { end += 1 }
        return Swift.min(end, count)
    }
}
