// SPDX-License-Identifier: Apache-2.0

/// Evidence as it is stored: a version, then numbers of seven bits a byte, lowest first (LEB128). Only what was counted takes
/// room, some hundred bytes as a rule.
extension RouteEvidence {
    private static let version: UInt64 = 1
    /// What the version tells, added to it: behind the rest there are users, and each answer has a status of gRPC or none. What is not
    /// there is as old versions wrote it, and can read it.
    private static let users: UInt64 = 1
    private static let gRPC: UInt64 = 2

    package var encoded: [UInt8] {
        var writer = VarintWriter()
        let tallies = [completed, abandoned, retried, firstTries]
        let hasGRPC = (tallies + (users.map { [$0.firsts] } ?? [])).contains(where: \.hasGRPC)
        writer.add(Self.version + (users == nil ? 0 : Self.users) + (hasGRPC ? Self.gRPC : 0))
        writer.add(assigned)
        for tally in tallies { tally.encode(to: &writer, withGRPC: hasGRPC) }
        if let users {
            for number in [users.assigned, users.tried, users.failed] { writer.add(number) }
            users.firsts.encode(to: &writer, withGRPC: hasGRPC)
        }
        return writer.bytes
    }

    /// `nil` where the bytes are none of ours.
    package init?(encoded bytes: [UInt8]) {
        var reader = VarintReader(bytes)
        guard let version = reader.next(),
            Self.version...Self.version + Self.users + Self.gRPC ~= version,
            let assigned = reader.next()
        else { return nil }
        let parts = version - Self.version
        let hasGRPC = parts & Self.gRPC != 0
        self.assigned = assigned
        for place in [\RouteEvidence.completed, \.abandoned, \.retried, \.firstTries] {
            guard let tally = Tally(from: &reader, withGRPC: hasGRPC) else { return nil }
            self[keyPath: place] = tally
        }
        guard parts & Self.users != 0 else { return }
        guard let users = Users(from: &reader, withGRPC: hasGRPC) else { return nil }
        self.users = users
    }
}

extension RouteEvidence.Users {
    fileprivate init?(from reader: inout VarintReader, withGRPC: Bool) {
        guard let assigned = reader.next(), let tried = reader.next(), let failed = reader.next(),
            let firsts = RouteEvidence.Tally(from: &reader, withGRPC: withGRPC)
        else { return nil }
        (self.assigned, self.tried, self.failed, self.firsts) = (assigned, tried, failed, firsts)
    }
}

extension RouteEvidence.Tally {
    fileprivate var hasGRPC: Bool { answers.keys.contains { $0.grpcStatus != nil } }

    fileprivate func encode(to writer: inout VarintWriter, withGRPC: Bool) {
        let order = { (answer: RouteEvidence.Answer) in (answer.status, answer.flag, answer.grpcStatus ?? -1)
        }
        let sorted = answers.sorted { order($0.key) < order($1.key) }
        writer.add(UInt64(sorted.count))
        for (answer, count) in sorted {
            writer.add(UInt64(clamping: answer.status))
            writer.add(text: answer.flag)
            // 0 is none.
            if withGRPC { writer.add(answer.grpcStatus.map { UInt64(clamping: $0) + 1 } ?? 0) }
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

    fileprivate init?(from reader: inout VarintReader, withGRPC: Bool) {
        guard let kinds = reader.next() else { return nil }
        var left = kinds
        while left > 0 {
            guard let status = reader.next(), status < 1000, let flag = reader.nextText() else { return nil }
            var answer = RouteEvidence.Answer(status: Int(status), flag: flag)
            if withGRPC {
                guard let number = reader.next(), number <= GRPCStatus.names.count else { return nil }
                answer.grpcStatus = number > 0 ? Int(number) - 1 : nil
            }
            guard let count = reader.next() else { return nil }
            answers[answer, default: 0] &+= count
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
