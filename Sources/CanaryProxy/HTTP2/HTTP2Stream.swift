// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

typealias HTTP2StreamPointer = SlabPointer<HTTP2Stream>

/// Whom a stream is to: the worker deals with it as with any other client or upstream. Its inbox is filled from DATA frames, and its
/// outbox goes out in HEADERS and DATA frames, as far as the peer's windows allow.
enum HTTP2Party {
    /// Nobody yet, before the head of a request is complete, or nobody any more.
    case none
    case client(DownstreamPointer)
    case endpoint(UpstreamPointer)

    var isNone: Bool {
        guard case .none = self else { return false }
        return true
    }

    var client: DownstreamPointer? {
        guard case .client(let client) = self else { return nil }
        return client
    }

    func receive(_ bytes: ByteSlice) {
        switch self {
        case .none: break
        case .client(let client): client.pointee.inbox.append(bytes)
        case .endpoint(let upstream):
            upstream.pointee.inbox.append(bytes)
            upstream.pointee.canRead = true
        }
    }

    /// What waits to be sent.
    var outgoing: ByteSlice {
        switch self {
        case .none: ByteSlice()
        case .client(let client): client.pointee.outbox.bytes
        case .endpoint(let upstream): upstream.pointee.outbox.bytes
        }
    }

    func consumeOutgoing(_ count: Int) {
        switch self {
        case .none: break
        case .client(let client): client.pointee.outbox.consume(count)
        case .endpoint(let upstream): upstream.pointee.outbox.consume(count)
        }
    }

    /// How many bytes wait to be used.
    var incomingCount: Int {
        switch self {
        case .none: 0
        case .client(let client): client.pointee.inbox.count
        case .endpoint(let upstream): upstream.pointee.inbox.count
        }
    }

    /// Nothing comes behind what waits to be sent.
    var hasSaidAll: Bool {
        switch self {
        case .none: true
        case .client(let client): client.pointee.closesWhenSent
        case .endpoint(let upstream): upstream.pointee.exchange?.pointee.body.isComplete ?? true
        }
    }
}

/// A stream of an HTTP/2 connection, until both sides have ended it.
struct HTTP2Stream: ~Copyable {
    /// How far our side of it has come.
    enum Sending: UInt8 {
        /// A head is to go out, once one is there.
        case head
        case body
        /// Nothing: our side ended, or has no more to say.
        case ended
    }

    /// 0 before a stream of our own has begun.
    var number: Int32
    /// Whose frames carry it.
    let session: HTTP2SessionPointer
    var party = HTTP2Party.none
    var sending = Sending.head
    /// The fields behind the peer's body and ours, as lines.
    var trailers = ByteQueue()
    var ownTrailers = ByteQueue()
    /// Bytes of the peer's body for which it got no new window yet.
    var unacknowledged = 0
    /// The peer ended its side.
    var hasEnded = false
    /// It was given up before both sides had ended it.
    var isReset = false
    /// nghttp2 knows it no more.
    var isClosed = false
    /// It was closed before the peer did anything about it, which may be asked of another one (RFC 9113, 8.7).
    var wasRefused = false
    /// Something was sent, for which the exchange may have waited.
    var hasSent = false
    /// The last frame of our side was written.
    var hasSentEnd = false
    /// A frame cannot be sent, without which the stream says nothing whole.
    var isUnsendable = false
    /// Waits for its body to go on.
    var isDeferred = false
    /// What there is to say waits for the peer to end its own side.
    var waitsForEnd = false
    /// Is in the session's list of streams that something happened to, or in that of those that have something to say.
    var isNews = false
    var isWaiting = false
    /// Neighbours in the list of the connection's streams.
    fileprivate var next: HTTP2StreamPointer?
    fileprivate var previous: HTTP2StreamPointer?

    init(_ number: Int32, _ session: HTTP2SessionPointer) {
        self.number = number
        self.session = session
    }
}

extension HTTP2StreamPointer {
    /// Whether the peer takes what waits for it, though none of it went out in frames lately: where the stream's window is open, its
    /// connection is what is slow, and may move nevertheless. `last` is what the kernel held for that when this was last asked.
    func hasTakenMore(since last: inout Int32) -> Bool {
        guard !pointee.party.outgoing.isEmpty, pointee.session.pointee.hasWindow(self) else { return false }
        return pointee.session.pointee.carrier.transport.hasTakenMore(since: &last)
    }
}

/// The streams of a connection.
struct HTTP2StreamList {
    private(set) var first: HTTP2StreamPointer?
    private(set) var count = 0

    mutating func insert(_ stream: HTTP2StreamPointer) {
        stream.pointee.next = first
        first?.pointee.previous = stream
        first = stream
        count &+= 1
    }

    mutating func remove(_ stream: HTTP2StreamPointer) {
        if let previous = stream.pointee.previous {
            previous.pointee.next = stream.pointee.next
        } else {
            first = stream.pointee.next
        }
        stream.pointee.next?.pointee.previous = stream.pointee.previous
        count &-= 1
    }

    /// The stream behind one; to be asked before that one is given up.
    func next(after stream: HTTP2StreamPointer) -> HTTP2StreamPointer? { stream.pointee.next }
}
