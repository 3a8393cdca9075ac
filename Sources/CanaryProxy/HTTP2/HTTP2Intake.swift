// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh

/// What becomes of a connection's streams, as nghttp2's callbacks write it down in the midst of reading and writing frames. The
/// worker looks at it behind each frame, and then acts.
struct HTTP2Intake: ~Copyable {
    let connection: DownstreamPointer
    private(set) var streams = HTTP2StreamList()
    /// The head that is being read: its fields come without those of any other stream between.
    var head: HTTP2Head
    /// The stream whose head is complete.
    var begun: HTTP2StreamPointer?
    /// The fields behind a request's body, as lines.
    var trailers = ByteQueue()
    /// The client answered the ping behind a notice that the connection ends.
    var hasHeardNotice = false
    private var news: [HTTP2StreamPointer] = []

    init(_ connection: DownstreamPointer, _ limits: HeadLimits) {
        self.connection = connection
        head = HTTP2Head(limits)
    }

    mutating func open(_ number: Int32) -> HTTP2StreamPointer {
        let stream = HTTP2StreamPointer(alone: HTTP2Stream(number, of: connection))
        streams.insert(stream)
        return stream
    }

    /// Gives a stream up that nghttp2 knows no more, and no client either.
    mutating func forget(_ stream: HTTP2StreamPointer) {
        streams.remove(stream)
        // Nobody has it any more: it is in neither of the session's lists, and was its client's and nghttp2's alone.
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
}
