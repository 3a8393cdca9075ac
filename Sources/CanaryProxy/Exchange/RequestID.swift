// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The `x-request-id` of a request that came without one: a random UUID (RFC 9562, version 4).
struct RequestID {
    private let high: UInt64
    private let low: UInt64

    init(_ random: inout RandomSource) {
        high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    func append(to buffer: inout ByteBuffer) {
        buffer.append(hexDigits: high >> 32, count: 8)
        buffer.append(UInt8(ascii: "-"))
        buffer.append(hexDigits: high >> 16, count: 4)
        buffer.append(UInt8(ascii: "-"))
        buffer.append(hexDigits: high, count: 4)
        buffer.append(UInt8(ascii: "-"))
        buffer.append(hexDigits: low >> 48, count: 4)
        buffer.append(UInt8(ascii: "-"))
        buffer.append(hexDigits: low, count: 12)
    }
}
