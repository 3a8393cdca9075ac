// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@Suite struct CalendarTimeTests {
    @Test func `every day is the one after the day before`() {
        var (year, month, day) = (1800, 1, 1)
        // 1 January 1800 was a Wednesday, 62,091 days before 1970.
        var weekday = 3
        var wrong: [Int] = []
        for number in -62_091..<(-62_091 + 146_097) {
            let time = CalendarTime(milliseconds: Int64(number) * 86_400_000 + 86_399_999)
            if (time.year, time.month, time.day, time.weekday) != (year, month, day, weekday) {
                wrong.append(number)
            }
            if number == 0 { #expect((year, month, day, weekday) == (1970, 1, 1, 4)) }
            weekday = (weekday + 1) % 7
            day += 1
            guard day > Self.days(month, year) else { continue }
            (month, day) = (month + 1, 1)
            if month == 13 { (year, month) = (year + 1, 1) }
        }
        #expect(wrong.isEmpty)
        #expect((year, month, day) == (2200, 1, 1))
    }

    private static func days(_ month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    @Test func `its text is RFC 3339`() {
        #expect(CalendarTime(milliseconds: 0).text == "1970-01-01T00:00:00Z")
        #expect(CalendarTime(milliseconds: -1).text == "1969-12-31T23:59:59Z")
        #expect(CalendarTime(milliseconds: 1_795_381_412_999).text == "2026-11-22T21:03:32Z")
    }
}
