// SPDX-License-Identifier: Apache-2.0

import CanaryResources

typealias DownstreamPointer = SlabPointer<Downstream>

/// A client's connection. While it rests between requests, this is all that it costs.
struct Downstream: Registered, ~Copyable {
    enum Phase: UInt8 {
        /// Before what the listener's clients say to each other begins: TLS is agreed on.
        case opening
        /// Before or inside a request's head.
        case head
        /// A request is being answered.
        case exchange
        /// Both sides switched protocols, or the listener's port is no HTTP's; bytes pass untouched.
        case tunnel
        /// It carries streams, each of which is a client of its own.
        case multiplexed
        /// The last answer is out; what the client still sends is thrown away until it closes.
        case lingering
        case closed
    }

    /// Must stay the first field: see ``Registration``.
    var registration = Registration(.downstream)
    /// From a socket to TLS over it, where the client begins with that.
    var transport: Transport
    /// What TLS is taken up by, until it is: the listener may be gone before the client has said anything.
    var tlsListener: TLSListener?
    var codec: ServerCodec
    /// What makes streams of a connection that carries them.
    var session: HTTP2SessionPointer?
    /// The proxy's own number of the listener that accepted it.
    let listener: Int
    /// When it was accepted, by the loop's clock, in milliseconds.
    var openedAt: Int64 = 0
    /// How many requests have begun, those of its streams included; it stays at the most that it can count.
    private(set) var requests: UInt32 = 0
    var phase = Phase.head
    /// The socket may hold bytes that were not read yet; edge-triggered events say so only once.
    var canRead = true
    /// A proxy is to say first whose connection it is.
    var awaitsProxyHeader = false
    /// The client announced its end, which is only seen by reading up to it.
    var isEnding = false
    /// That end was read: the client sends nothing more, but may still read.
    var hasEnded = false
    /// What the inbox holds is the beginning of something whose end has to come first.
    var needsMore = false
    /// Close as soon as the outbox is empty.
    var closesWhenSent = false
    /// Its listener is gone: it is let go as soon as it rests.
    var isRetired = false
    /// It shook hands when it was to go already: its request, which is on its way, is waited for a little.
    var isAwaited = false
    /// When it has the age at which it is to end.
    var endsAt = Registration.never
    var hasReceivedHeadBytes = false
    /// A request came, so that what follows is of the same protocol.
    var hasBegun = false
    /// What the kernel held for the client when it was last asked; -1 before.
    var lastUnacknowledged: Int32 = -1
    /// While lingering with everything sent: when to close, even if the client still sends.
    var lingersUntil = Registration.never
    /// Neighbours in the list of open connections.
    fileprivate var nextOpen: DownstreamPointer?
    fileprivate var previousOpen: DownstreamPointer?
    /// The request that is being answered.
    var exchange: ExchangePointer?
    /// Received and not used: part of a head, or what follows the current request.
    var inbox = ByteQueue()
    var outbox = ByteQueue()
    var peer: PeerAddress
    /// What it was made to, where a proxy in front has said that.
    @Rare var announced: PeerAddress?
    /// By which endpoints are told of it; 0 where none is.
    var introduction: UInt64 = 0

    init(
        _ transport: Transport,
        _ codec: ServerCodec = ServerCodec(),
        listener: Int,
        peer: consuming PeerAddress
    ) {
        self.transport = transport
        self.codec = codec
        self.listener = listener
        self.peer = peer
    }

    mutating func countRequest() { if requests < .max { requests += 1 } }
}

extension DownstreamPointer {
    /// What the client made its connection to: the proxy's own address, or that of one in front.
    var localAddress: PeerAddress {
        pointee.announced ?? PeerAddress(SocketAddress(boundTo: pointee.transport.descriptor))
    }
}

/// The open client connections of a worker, so that draining finds them.
struct DownstreamList {
    private(set) var first: DownstreamPointer?

    mutating func insert(_ client: DownstreamPointer) {
        client.pointee.nextOpen = first
        first?.pointee.previousOpen = client
        first = client
    }

    mutating func remove(_ client: DownstreamPointer) {
        if let previous = client.pointee.previousOpen {
            previous.pointee.nextOpen = client.pointee.nextOpen
        } else {
            first = client.pointee.nextOpen
        }
        client.pointee.nextOpen?.pointee.previousOpen = client.pointee.previousOpen
    }

    /// The connection behind one; to be asked before that one is closed.
    func next(after client: DownstreamPointer) -> DownstreamPointer? { client.pointee.nextOpen }
}
