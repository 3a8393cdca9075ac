// SPDX-License-Identifier: Apache-2.0

typealias UpstreamPointer = UnsafeMutablePointer<Upstream>

/// A connection to an endpoint: opened for a request, then kept for others.
struct Upstream: ~Copyable {
    enum Phase: UInt8 { case connecting, active, idle, tunnel, closed }

    /// Must stay the first field: see ``Registration``.
    var registration = Registration(.upstream)
    let descriptor: Int32
    /// The endpoint's identifier.
    let endpoint: UInt64
    var phase: Phase
    var canRead = true
    var isEnding = false
    /// After a switch of protocols: its end was read, and it sends nothing more.
    var hasEnded = false
    /// What the kernel held for the upstream when it was last asked; -1 before.
    var lastUnacknowledged: Int32 = -1
    /// How many requests it has carried.
    var served: Int32 = 0
    var exchange: ExchangePointer?
    /// Part of a response's head.
    var inbox = ByteQueue()
    var headProgress = HeadProgress()
    var outbox = ByteQueue()
    /// Neighbours in the pool's list of idle connections, the last used first.
    var nextIdle: UpstreamPointer?
    var previousIdle: UpstreamPointer?

    init(descriptor: Int32, endpoint: UInt64, phase: Phase) {
        self.descriptor = descriptor
        self.endpoint = endpoint
        self.phase = phase
    }
}
