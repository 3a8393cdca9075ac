// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What becomes of a connection's streams, as nghttp2's callbacks write it down in the midst of reading and writing frames. The
/// worker looks at it behind each frame, and then acts.
struct HTTP2Intake: ~Copyable {
    /// Whose it is; known once that has its place.
    var session: HTTP2SessionPointer?
    private(set) var streams = HTTP2StreamList()
    /// The head that is being read: its fields come without those of any other stream between.
    var head: HTTP2Head
    /// Fields are being read, of a head or of trailers, whose end is still to come.
    var isInBlock = false
    /// The stream whose head is complete.
    var begun: HTTP2StreamPointer?
    /// The peer takes no more streams.
    var isLeaving = false
    /// The peer may allow more streams than before.
    var hasNewSettings = false
    /// The peer answered the ping behind a notice that the connection ends.
    var hasHeardNotice = false
    /// The fields behind a body, as lines.
    private var trailers = ByteQueue()
    private var news: [HTTP2StreamPointer] = []

    init(_ limits: HeadLimits) { head = HTTP2Head(limits) }

    // MARK: - Streams

    /// A stream, by the peer's number or still without one; `nil` where nobody has the session yet.
    mutating func open(_ number: Int32 = 0) -> HTTP2StreamPointer? {
        guard let session else { return nil }
        let stream = HTTP2StreamPointer(alone: HTTP2Stream(number, session))
        streams.insert(stream)
        return stream
    }

    /// Gives a stream up that nghttp2 knows no more, and no party either.
    mutating func forget(_ stream: HTTP2StreamPointer) {
        if stream.pointee.isNews { news.removeAll { $0 == stream } }
        streams.remove(stream)
        // Nobody has it any more: it is in none of the lists, and was its party's and nghttp2's alone.
        unsafe stream.free()
    }

    mutating func note(_ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isNews else { return }
        stream.pointee.isNews = true
        news.append(stream)
    }

    /// A stream that something happened to.
    mutating func takeNews() -> HTTP2StreamPointer? {
        guard let stream = news.popLast() else { return nil }
        stream.pointee.isNews = false
        return stream
    }

    // MARK: - Fields

    mutating func beginBlock() {
        isInBlock = true
        head.reset()
        trailers.release()
    }

    /// Takes a field of a head, which begins with pseudo-header fields, or of trailers, which have none; `false` where there must not
    /// be such a one.
    mutating func add(_ name: ByteSlice, _ value: ByteSlice) -> Bool {
        guard head.isEmpty, name.first != ASCII.colon else {
            head.add(name, value)
            return true
        }
        let rule = TrailerRule(name)
        guard rule == .passed else { return rule == .dropped }
        let length = trailers.count &+ name.count &+ value.count &+ 4
        guard length <= TrailerParser.longestSection else { return false }
        trailers.append(name)
        trailers.append(ByteSlice(": "))
        trailers.append(value)
        trailers.append(ByteSlice("\r\n"))
        return true
    }

    mutating func endBlock(of stream: HTTP2StreamPointer) {
        isInBlock = false
        if head.isEmpty {
            stream.pointee.trailers.append(trailers.bytes)
        } else {
            begun = stream
        }
        trailers.release()
    }
}
