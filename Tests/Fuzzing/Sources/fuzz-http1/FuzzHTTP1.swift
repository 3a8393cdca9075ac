// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import HTTP1

/// Feeds the bytes to each parser in one piece, and again in pieces that the bytes themselves choose: the verdict must be
/// the same, and what is accepted must be beyond doubt.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHTTP1(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of its own, so that AddressSanitizer sees every step outside of it.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { bytes.deallocate() }
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
    let input = ByteSlice(base: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
    let cuts = Cuts(input)
    for limits in [HeadLimits(), HeadLimits(headBytes: 256, fields: 4, lineBytes: 64)] {
        checkRequest(input, cuts, limits)
        for method in [RequestMethod.get, .head] { checkResponse(input, cuts, limits, method) }
    }
    checkBody(input, cuts, .chunked)
    checkBody(input, cuts, .length(UInt64(count / 2)))
    return 0
}
