// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

typealias UpstreamPointer = SlabPointer<Upstream>

/// A connection to an endpoint: opened for a request, then kept for others.
///
/// `@safe`: the cluster that it counts for is retained until it closes.
@safe struct Upstream: Registered, ~Copyable {
    enum Phase: UInt8 {
        case connecting, active, idle, tunnel
        /// It carries streams, each of which is an upstream of its own.
        case multiplexed
        case closed
    }

    /// Must stay the first field: see ``Registration``.
    var registration = Registration(.upstream)
    let transport: Transport
    let member: ClusterMember
    var codec: ClientCodec
    /// What makes streams of a connection that carries them.
    var session: HTTP2SessionPointer?
    /// How long such a connection may be without any; 0 is for ever.
    var idleTimeout: Int32 = 0
    var phase: Phase
    var canRead = true
    var isEnding = false
    /// After a switch of protocols: its end was read, and it sends nothing more.
    var hasEnded = false
    /// It listens to what is sent to it; if not, the rest of a request's body is thrown away while its answer passes.
    var takesBody = true
    /// Its outbox has what says whose connection it is, which goes out before all else, TLS included.
    var isToIntroduce = false
    /// What the kernel held for the upstream when it was last asked; -1 before.
    var lastUnacknowledged: Int32 = -1
    /// The cluster that it counts for, retained, where the number of connections is limited.
    var countedBy: Unmanaged<SharedCluster>?
    /// When it is not kept any longer.
    var expiresAt = Registration.never
    /// How many requests it has carried.
    var served: Int32 = 0
    var exchange: ExchangePointer?
    /// Part of a response's head.
    var inbox = ByteQueue()
    var outbox = ByteQueue()
    /// Requests may take a stream of it.
    var takesStreams = false
    /// Neighbours in the pool's list of idle connections, the last used first, or in that of those that carry streams.
    var nextIdle: UpstreamPointer?
    var previousIdle: UpstreamPointer?

    init(
        _ transport: Transport,
        to member: ClusterMember,
        _ codec: ClientCodec = ClientCodec(),
        phase: Phase
    ) {
        self.transport = transport
        self.codec = codec
        self.member = member
        self.phase = phase
    }
}

extension UpstreamPointer {
    /// Keeps what can't be used yet: fresh bytes, or the end of the inbox.
    func keep(_ rest: ByteSlice) {
        if pointee.inbox.isEmpty {
            pointee.inbox.append(rest)
        } else {
            pointee.inbox.consume(pointee.inbox.count &- rest.count)
        }
    }

    /// Whether it stands where the next request can begin, with nothing left on either side of the last one.
    var canCarryMore: Bool {
        pointee.codec.persists && pointee.takesBody && !pointee.isEnding && pointee.outbox.isEmpty
            // What it sends later is an event.
            && (!pointee.canRead || pointee.transport.isQuiet)
    }
}
