// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import ProxyHeader

/// Reads what a proxy in front says of a connection: the same however the bytes arrive, and what is known stays.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzProxy(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = ByteSlice(UnsafeBufferPointer(start: start, count: count))
    let whole = ProxyHeader.read(input)
    var isSettled = false
    for length in 0...min(count, 600) {
        let reading = ProxyHeader.read(input.slice(0, length))
        if isSettled { precondition(reading == whole, "more bytes change what was known") }
        isSettled = isSettled || reading != .incomplete
        if isSettled { precondition(reading == whole, "a part says what the whole does not") }
    }
    if case .complete(let length, let addresses) = whole {
        precondition(length <= count && length >= 15, "a header that was not there")
        if let addresses {
            precondition(addresses.source.family == addresses.destination.family, "addresses of two kinds")
        }
    }
    return 0
}
