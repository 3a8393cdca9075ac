// SPDX-License-Identifier: Apache-2.0

/// Evidence as it is stored: a version, then numbers of seven bits a byte, lowest first (LEB128). Only what was counted takes
/// room, some hundred bytes as a rule.
extension RouteEvidence {
    private static let version: UInt64 = 1
    /// The same, and behind it users.
    private static let versionWithUsers: UInt64 = 2

    package var encoded: [UInt8] {
        var writer = VarintWriter()
        writer.add(users == nil ? Self.version : Self.versionWithUsers)
        writer.add(assigned)
        for tally in [completed, abandoned, retried, firstTries] { tally.encode(to: &writer) }
        if let users {
            for number in [users.assigned, users.tried, users.failed] { writer.add(number) }
            users.firsts.encode(to: &writer)
        }
        return writer.bytes
    }

    /// `nil` where the bytes are none of ours.
    package init?(encoded bytes: [UInt8]) {
        var reader = VarintReader(bytes)
        guard let version = reader.next(), [Self.version, Self.versionWithUsers].contains(version),
            let assigned = reader.next()
        else { return nil }
        self.assigned = assigned
        for place in [\RouteEvidence.completed, \.abandoned, \.retried, \.firstTries] {
            guard let tally = Tally(from: &reader) else { return nil }
            self[keyPath: place] = tally
        }
        guard version == Self.versionWithUsers else { return }
        guard let users = Users(from: &reader) else { return nil }
        self.users = users
    }
}

extension RouteEvidence.Users {
    fileprivate init?(from reader: inout VarintReader) {
        guard let assigned = reader.next(), let tried = reader.next(), let failed = reader.next(),
            let firsts = RouteEvidence.Tally(from: &reader)
        else { return nil }
        (self.assigned, self.tried, self.failed, self.firsts) = (assigned, tried, failed, firsts)
    }
}

extension RouteEvidence.Tally {
    fileprivate func encode(to writer: inout VarintWriter) {
        let sorted = answers.sorted { ($0.key.status, $0.key.flag) < ($1.key.status, $1.key.flag) }
        writer.add(UInt64(sorted.count))
        for (answer, count) in sorted {
            writer.add(UInt64(clamping: answer.status))
            writer.add(text: answer.flag)
            writer.add(count)
        }
        writer.add(nanoseconds)
        let filled = durations.counts.enumerated().filter { $0.element > 0 }
        writer.add(UInt64(filled.count))
        var last = 0
        for (bucket, count) in filled {
            writer.add(UInt64(bucket - last))
            writer.add(count)
            last = bucket
        }
    }

    fileprivate init?(from reader: inout VarintReader) {
        guard let kinds = reader.next() else { return nil }
        var left = kinds
        while left > 0 {
            guard let status = reader.next(), status < 1000, let flag = reader.nextText(),
                let count = reader.next()
            else { return nil }
            answers[RouteEvidence.Answer(status: Int(status), flag: flag), default: 0] &+= count
            left -= 1
        }
        guard let nanoseconds = reader.next(), let filled = reader.next() else { return nil }
        self.nanoseconds = nanoseconds
        left = filled
        var bucket = 0
        while left > 0 {
            guard let step = reader.next(), step < UInt64(DurationHistogram.bucketCount),
                let count = reader.next()
            else { return nil }
            bucket += Int(step)
            durations.add(count, bucket: bucket)
            left -= 1
        }
    }
}

private struct VarintWriter {
    var bytes: [UInt8] = []

    mutating func add(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func add(text: String) {
        add(UInt64(text.utf8.count))
        bytes += text.utf8
    }
}

private struct VarintReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func next() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func nextText() -> String? {
        guard let count = next(), count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
    }
}
