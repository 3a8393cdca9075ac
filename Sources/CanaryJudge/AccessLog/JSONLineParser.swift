// SPDX-License-Identifier: Apache-2.0

/// Finds values in a JSON object that is one line, without making anything of the rest.
struct JSONLineParser: Sendable {
    private enum Part: Sendable {
        case time, status, grpcStatus, flags, duration, version, cluster, upstream, connection
    }

    private struct Key: Sendable {
        var name: [UInt8]
        var part: Part
    }

    private let keys: [Key]
    private let versionField: LogField?
    private let durationField: LogField?

    /// Envoy's names, nginx's variables, and those that people give them.
    private static let known: [(String, Part)] = [
        ("start_time", .time), ("time", .time), ("timestamp", .time), ("@timestamp", .time),
        ("time_iso8601", .time), ("time_local", .time), ("response_code", .status), ("status", .status),
        ("grpc_status", .grpcStatus), ("grpc_status_number", .grpcStatus), ("response_flags", .flags),
        ("protocol", .connection),
    ]
    private static let versions: [(String, Part)] = [
        ("version", .version), ("upstream_cluster", .cluster), ("upstream_host", .upstream),
        ("upstream_addr", .upstream),
    ]
    private static let durations: [(String, Part)] = [("duration", .duration), ("request_time", .duration)]

    init(_ versionField: LogField?, _ durationField: LogField?) {
        self.versionField = versionField
        self.durationField = durationField
        var keys = Self.known
        if case .name(let name) = versionField {
            keys.append((name, .version))
        } else {
            keys += Self.versions
        }
        if case .name(let name) = durationField {
            keys.append((name, .duration))
        } else {
            keys += Self.durations
        }
        self.keys = keys.map { Key(name: Array($0.0.utf8), part: $0.1) }
    }

    /// `nil` where the line is no object.
    func parse(_ bytes: Span<UInt8>, _ line: Range<Int>) -> FoundValues? {
        var found = FoundValues()
        var (cluster, upstream): (Range<Int>?, Range<Int>?) = (nil, nil)
        var scanner = JSONLineScanner(line)
        guard scanner.take(UInt8(ascii: "{"), bytes) else { return nil }
        if scanner.take(UInt8(ascii: "}"), bytes) { return found }
        repeat {
            guard let key = scanner.string(bytes), scanner.take(UInt8(ascii: ":"), bytes),
                let value = scanner.value(bytes)
            else { return nil }
            guard let part = keys.first(where: { bytes.isEqual(key, to: $0.name) })?.part else { continue }
            switch part {
            case .time: found.time = found.time ?? value
            case .status: found.status = value
            case .grpcStatus: found.grpcStatus = value
            case .flags: found.flags = value
            case .duration: found.duration = value
            case .version: found.version = value
            case .cluster: cluster = AccessLogParser.subset(bytes, value)
            case .upstream: upstream = value
            case .connection:
                found.isConnection = value.count == 1 && bytes[value.lowerBound] == UInt8(ascii: "-")
            }
        } while scanner.take(UInt8(ascii: ","), bytes)
        guard scanner.take(UInt8(ascii: "}"), bytes), scanner.isAtEnd(bytes) else { return nil }
        if versionField == nil { found.version = found.version ?? cluster ?? upstream }
        if let versionField, found.version == nil { found.missing = versionField }
        if let durationField, found.duration == nil { found.missing = durationField }
        return found
    }
}

/// A place in a line of JSON.
private struct JSONLineScanner {
    private var index: Int
    private let end: Int

    init(_ line: Range<Int>) {
        (index, end) = (line.lowerBound, line.upperBound)
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while index < end, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
            index += 1
        }
    }

    mutating func isAtEnd(_ bytes: Span<UInt8>) -> Bool {
        skipBlanks(bytes)
        return index == end
    }

    mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        skipBlanks(bytes)
        guard index < end, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// What is between the quotes, escapes as they stand.
    mutating func string(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard take(UInt8(ascii: "\""), bytes) else { return nil }
        let start = index
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                defer { index += 1 }
                return start..<index
            }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// A string's inside; anything else as it stands.
    mutating func value(_ bytes: Span<UInt8>) -> Range<Int>? {
        skipBlanks(bytes)
        guard index < end else { return nil }
        switch bytes[index] {
        case UInt8(ascii: "\""): return string(bytes)
        case UInt8(ascii: "{"), UInt8(ascii: "["): return nested(bytes)
        default: break
        }
        let start = index
        while index < end, !Self.endsValue(bytes[index]) { index += 1 }
        return index > start ? start..<index : nil
    }

    private static func endsValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
            || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\"")
    }

    /// Counts brackets, so that no depth can do any harm.
    private mutating func nested(_ bytes: Span<UInt8>) -> Range<Int>? {
        let start = index
        var depth = 0
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard string(bytes) != nil else { return nil }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            index += 1
            if depth == 0 { return start..<index }
        }
        return nil
    }
}
