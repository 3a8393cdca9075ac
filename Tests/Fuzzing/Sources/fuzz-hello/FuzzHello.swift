// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
@testable import ClientHello

/// Reads what a client of TLS says first: the name is the same however the bytes arrive, and one that is known stays.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHello(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = ByteSlice(UnsafeBufferPointer(start: start, count: count))
    let whole = ClientHello.read(input)
    var isSettled = false
    for length in 0...count {
        let reading = ClientHello.read(input.slice(0, length))
        if isSettled { precondition(reading == whole, "more bytes change what was known") }
        isSettled = isSettled || reading != .incomplete
        if isSettled { precondition(reading == whole, "a part says what the whole does not") }
    }
    if case .name(.some(let name)) = whole {
        precondition(!name.isEmpty && name.count <= count, "a name that was not there")
    }
    return 0
}
