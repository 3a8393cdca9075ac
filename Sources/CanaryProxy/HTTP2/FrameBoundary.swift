// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Where frames end, so that what a frame says can be acted on before the next one is read.
struct FrameBoundary {
    private static let headerCount = 9
    /// Of the preface at first, where the peer sends one, and then of a frame's payload.
    private var left: Int
    private var length = 0
    private var headerRead = 0

    init(hasPreface: Bool) { left = hasPreface ? HTTP2Session.preface.count : 0 }

    /// How many bytes from the start of `bytes` belong to the present frame.
    mutating func advance(_ bytes: ByteSlice) -> Int {
        var position = 0
        if left == 0 {
            while headerRead < Self.headerCount {
                guard position < bytes.count else { return position }
                // The first three bytes are the payload's length.
                if headerRead < 3 { length = length &<< 8 | Int(bytes[position]) }
                headerRead &+= 1
                position &+= 1
            }
            (left, length, headerRead) = (length, 0, 0)
        }
        let taken = min(left, bytes.count &- position)
        left &-= taken
        return position &+ taken
    }
}
