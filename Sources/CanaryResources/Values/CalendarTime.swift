// SPDX-License-Identifier: Apache-2.0

/// A moment as the Gregorian calendar has it, in UTC.
package struct CalendarTime: Hashable, Sendable {
    package let year: Int
    /// From 1.
    package let month: Int
    /// From 1.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int
    /// 0 is Sunday.
    package let weekday: Int

    /// - Parameter milliseconds: since 1970, UTC; before that negative.
    package init(milliseconds: Int64) {
        let moment = Self.split(Int(milliseconds), by: 1000)
        let time = Self.split(moment.quotient, by: 86_400)
        millisecond = moment.remainder
        (hour, minute, second) = (
            time.remainder / 3600, time.remainder / 60 % 60, time.remainder % 60
        )
        weekday = Self.split(time.quotient + 4, by: 7).remainder
        // Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, eras have 400 of them.
        let (era, dayOfEra) = Self.split(time.quotient + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    }

    /// RFC 3339 to the second, as Kubernetes writes it: `2026-11-22T21:03:32Z`.
    package var text: String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z"
    }

    /// The remainder is never negative.
    private static func split(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
