// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What is known of a head or a trailer section whose end is still missing. However small the pieces are in which it comes,
/// the work stays in proportion to its size: each byte is searched once for the end, and what is there is parsed again only
/// when the end is, or when it has doubled, so that what is malformed is refused without waiting for an end.
struct HeadProgress {
    /// The bytes that are known to hold no end.
    private var searched: UInt32 = 0
    /// The bytes that there were when they were last parsed.
    private var parsed: UInt32 = 0

    /// Whether parsing `bytes`, which always begin where the head does, could tell more than the last time.
    mutating func isWorthParsing(_ bytes: ByteSlice, limit: Int) -> Bool {
        let isDue =
            bytes.count >= limit || bytes.count >= 2 &* Int(parsed) || holdsEnd(bytes, from: Int(searched))
        // A head that is longer than this is refused long before.
        searched = UInt32(clamping: bytes.count)
        if isDue { parsed = searched }
        return isDue
    }

    /// Whether an empty line ends at or behind `start`, or a line ends as none may.
    private func holdsEnd(_ bytes: ByteSlice, from start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            if bytes[index] == ASCII.lineFeed {
                guard index >= 2, bytes[index &- 1] == ASCII.carriageReturn else { return true }
                if bytes[index &- 2] == ASCII.lineFeed { return true }
            }
            index &+= 1
        }
        return false
    }
}

extension RequestParser {
    /// Reads a head of which more may be there than the last time; `progress` is the connection's own.
    func parse(
        _ bytes: ByteSlice,
        after progress: inout HeadProgress,
        into head: inout RequestHead,
        fields: inout FieldTable
    ) -> ParseOutcome {
        guard progress.isWorthParsing(bytes, limit: limits.headBytes) else { return .incomplete }
        let outcome = parse(bytes, into: &head, fields: &fields)
        if outcome != .incomplete { progress = HeadProgress() }
        return outcome
    }
}

extension ResponseParser {
    /// Reads a head of which more may be there than the last time; `progress` is the connection's own.
    func parse(
        _ bytes: ByteSlice,
        after progress: inout HeadProgress,
        method: RequestMethod,
        into head: inout ResponseHead,
        fields: inout FieldTable
    ) -> ParseOutcome {
        guard progress.isWorthParsing(bytes, limit: limits.headBytes) else { return .incomplete }
        let outcome = parse(bytes, method: method, into: &head, fields: &fields)
        if outcome != .incomplete { progress = HeadProgress() }
        return outcome
    }
}

extension TrailerParser {
    /// Reads a section of which more may be there than the last time; `progress` is the body's own.
    func parse(
        _ bytes: ByteSlice,
        after progress: inout HeadProgress,
        into fields: inout FieldTable
    ) -> ParseOutcome {
        guard progress.isWorthParsing(bytes, limit: Self.longestSection) else { return .incomplete }
        return parse(bytes, into: &fields)
    }
}
