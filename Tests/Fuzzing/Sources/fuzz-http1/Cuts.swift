// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Where an input is cut into pieces: up to eight places drawn from its last bytes.
struct Cuts {
    /// Growing, without duplicates; the last one is the input's end.
    let ends: [Int]

    init(_ input: ByteSlice) {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for byte in input.suffix(8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        var ends: Set<Int> = [input.count]
        for _ in 0..<state % 9 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            ends.insert(Int(state >> 33) % (input.count + 1))
        }
        self.ends = ends.sorted()
    }
}
