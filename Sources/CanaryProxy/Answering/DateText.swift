// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import Glibc

/// The date as HTTP writes it, made anew once a second: `Sun, 06 Nov 1994 08:49:37 GMT`.
struct DateText: ~Copyable {
    private var second = -1
    private var text = ByteBuffer(capacity: 32)

    init() {}

    mutating func append(to buffer: inout ByteBuffer) {
        var moment = time(nil)
        if moment != second {
            second = moment
            var parts = tm()
            gmtime_r(&moment, &parts)
            write(parts)
        }
        buffer.append(text.slice)
    }

    private mutating func write(_ parts: tm) {
        let days: StaticString = "SunMonTueWedThuFriSat"
        let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        text.truncate()
        text.append(ByteSlice(base: days.utf8Start + Int(parts.tm_wday) * 3, count: 3))
        text.append(", ")
        text.append(decimal: UInt64(parts.tm_mday), width: 2)
        text.append(UInt8(ascii: " "))
        text.append(ByteSlice(base: months.utf8Start + Int(parts.tm_mon) * 3, count: 3))
        text.append(UInt8(ascii: " "))
        text.append(decimal: UInt64(parts.tm_year + 1900), width: 4)
        text.append(UInt8(ascii: " "))
        text.append(decimal: UInt64(parts.tm_hour), width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(decimal: UInt64(parts.tm_min), width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(decimal: UInt64(parts.tm_sec), width: 2)
        text.append(" GMT")
    }
}
