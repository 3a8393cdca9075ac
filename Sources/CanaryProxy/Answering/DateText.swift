// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Glibc

/// The date as HTTP writes it, made anew once a second: `Sun, 06 Nov 1994 08:49:37 GMT`.
struct DateText: ~Copyable {
    private var second = -1
    private var text = ByteBuffer(capacity: 32)

    init() {}

    mutating func append(to buffer: inout ByteBuffer) {
        let moment = time(nil)
        if moment != second {
            second = moment
            write(CalendarTime(milliseconds: Int64(moment) * 1000))
        }
        buffer.append(text.slice)
    }

    private mutating func write(_ time: CalendarTime) {
        let days: StaticString = "SunMonTueWedThuFriSat"
        let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        text.truncate()
        text.append(ByteSlice(days).slice(time.weekday * 3, time.weekday * 3 + 3))
        text.append(", ")
        text.append(decimal: UInt64(time.day), width: 2)
        text.append(UInt8(ascii: " "))
        text.append(ByteSlice(months).slice(time.month * 3 - 3, time.month * 3))
        text.append(UInt8(ascii: " "))
        text.append(decimal: UInt64(time.year), width: 4)
        text.append(UInt8(ascii: " "))
        text.append(timeOf: time)
        text.append(" GMT")
    }
}
