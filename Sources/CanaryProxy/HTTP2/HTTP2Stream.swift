// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

typealias HTTP2StreamPointer = SlabPointer<HTTP2Stream>

/// A stream of a client's HTTP/2 connection, from the first of its headers until both sides have ended it.
///
/// The worker deals with its ``client`` as with any other: that one's inbox is filled from DATA frames, and its outbox goes
/// out in HEADERS and DATA frames, as far as the client's windows allow.
struct HTTP2Stream: ~Copyable {
    /// What the client's outbox begins with.
    enum Answer: UInt8 {
        /// An answer's head, once one is there.
        case head
        case body
        /// Nothing: our side ended, or has no more to say.
        case ended
    }

    let number: Int32
    /// Whose frames carry it.
    let connection: DownstreamPointer
    /// `nil` before its head is complete.
    var client: DownstreamPointer?
    var answer = Answer.head
    /// The fields behind the request's body and the answer's, as lines.
    var requestTrailers = ByteQueue()
    var answerTrailers = ByteQueue()
    /// Bytes of the request's body for which the client got no new window yet.
    var unacknowledged = 0
    /// The client ended its side.
    var hasEnded = false
    /// It was given up before both sides had ended it.
    var isReset = false
    /// nghttp2 knows it no more.
    var isClosed = false
    /// Something was sent, for which the exchange may have waited.
    var hasSent = false
    /// Waits for its body to go on.
    var isDeferred = false
    /// Is in the session's list of streams that something happened to, or in that of those that have something to say.
    var isNews = false
    var isWaiting = false
    /// Neighbours in the list of the connection's streams.
    fileprivate var next: HTTP2StreamPointer?
    fileprivate var previous: HTTP2StreamPointer?

    init(_ number: Int32, of connection: DownstreamPointer) {
        self.number = number
        self.connection = connection
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
