// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What sending the bytes that waited came to.
enum Flush {
    /// Some or all of what waited was sent.
    case moved
    case blocked
    /// The connection is beyond use.
    case failed
}

/// Sending what there may be no room for yet.
extension Transport {
    /// Sends bytes, with `body` behind them, or keeps in `queue` what there is no room for, behind what waits there; `false`
    /// when the connection is beyond use.
    @inline(__always)
    func send(
        _ bytes: ByteSlice,
        _ body: ByteSlice = ByteSlice(),
        keepingIn queue: inout ByteQueue
    ) -> Bool {
        var sent = 0
        if queue.isEmpty {
            switch body.isEmpty ? send(bytes) : send(bytes, body) {
            case .moved(let count): sent = count
            case .wouldBlock: break
            case .ended, .failed: return false
            }
        }
        guard sent < bytes.count &+ body.count else { return true }
        queue.append(bytes.from(sent))
        queue.append(body.from(sent &- bytes.count))
        return true
    }

    /// Sends what waits in `queue`.
    func flush(_ queue: inout ByteQueue) -> Flush {
        switch send(queue.bytes) {
        case .moved(let count):
            queue.consume(count)
            return .moved
        case .wouldBlock: return .blocked
        case .ended, .failed: return .failed
        }
    }

    /// Whether the peer takes what was sent to it; `last` is what the kernel held for it when this was last asked.
    ///
    /// The kernel holds megabytes for a peer, and tells of room only when much of that is gone: a slow reader may not be heard
    /// of for minutes. The first look counts as progress, since there is nothing to compare it with.
    func hasTakenMore(since last: inout Int32) -> Bool {
        let count = unacknowledged
        defer { last = count }
        return count > 0 && count != last
    }
}
