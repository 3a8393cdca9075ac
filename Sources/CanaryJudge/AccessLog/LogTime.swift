// SPDX-License-Identifier: Apache-2.0

/// The times of access logs, in seconds since 1970, UTC.
enum LogTime {
    /// `2026-11-28T17:04:10.123Z` (RFC 3339, as Envoy writes it) or `28/Nov/2026:17:04:10 +0000` (as nginx and Apache do).
    static func seconds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard range.count >= 19 else { return nil }
        return bytes[range.lowerBound + 4] == UInt8(ascii: "-")
            ? calendar(bytes, range) : commonLog(bytes, range)
    }

    private static func calendar(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        let start = range.lowerBound
        guard let year = bytes.number(start..<start + 4), let month = bytes.number(start + 5..<start + 7),
            let day = bytes.number(start + 8..<start + 10),
            let time = timeOfDay(bytes, start + 11)
        else { return nil }
        var rest = start + 19
        if rest < range.upperBound, bytes[rest] == UInt8(ascii: ".") {
            rest += 1
            while rest < range.upperBound, bytes[rest] &- UInt8(ascii: "0") < 10 { rest += 1 }
        }
        guard let zone = zone(bytes, rest..<range.upperBound) else { return nil }
        return seconds(year, month, day, time).map { $0 - zone }
    }

    private static func commonLog(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        let start = range.lowerBound
        guard range.count >= 20, let day = bytes.number(start..<start + 2),
            let month = month(bytes, start + 3), let year = bytes.number(start + 7..<start + 11),
            let time = timeOfDay(bytes, start + 12)
        else { return nil }
        let rest = min(start + 21, range.upperBound)..<range.upperBound
        return zone(bytes, rest).flatMap { zone in seconds(year, month, day, time).map { $0 - zone } }
    }

    /// `17:04:10`
    private static func timeOfDay(_ bytes: Span<UInt8>, _ start: Int) -> Int64? {
        guard let hour = bytes.number(start..<start + 2), let minute = bytes.number(start + 3..<start + 5),
            let second = bytes.number(start + 6..<start + 8), hour < 24, minute < 60, second < 61
        else { return nil }
        return Int64(hour * 3600 + minute * 60 + second)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }

    private static func month(_ bytes: Span<UInt8>, _ start: Int) -> UInt64? {
        for (index, name) in months.enumerated() where bytes.isEqual(start..<start + 3, to: name) {
            return UInt64(index + 1)
        }
        return nil
    }

    /// `Z`, `+01:00`, `-0330` or nothing, in seconds.
    private static func zone(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard let first = range.first.map({ bytes[$0] }), first != UInt8(ascii: "Z") else { return 0 }
        guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-"), range.count >= 5 else { return nil }
        let start = range.lowerBound + 1
        let isApart = bytes[start + 2] == UInt8(ascii: ":")
        let minutes = start + (isApart ? 3 : 2)
        guard minutes + 2 <= range.upperBound, let hour = bytes.number(start..<start + 2),
            let minute = bytes.number(minutes..<minutes + 2), hour < 24, minute < 60
        else { return nil }
        let offset = Int64(hour * 3600 + minute * 60)
        return first == UInt8(ascii: "-") ? -offset : offset
    }

    private static func seconds(_ year: UInt64, _ month: UInt64, _ day: UInt64, _ time: Int64) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, eras have 400 of them.
        let shifted = Int64(year) - (month <= 2 ? 1 : 0)
        let era = shifted >= 0 ? shifted / 400 : -1
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (Int64(month) + (month > 2 ? -3 : 9)) + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400 + time
    }
}
