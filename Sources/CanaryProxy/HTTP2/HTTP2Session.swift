// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh
import CanaryRouting

typealias HTTP2SessionPointer = SlabPointer<HTTP2Session>

/// The server's end of an HTTP/2 connection (RFC 9113): nghttp2 reads and writes frames and headers, knows windows and the states of
/// streams, and refuses what breaks the protocol. It knows no socket: bytes in, bytes out.
///
/// `@safe`: nghttp2's session is this value's own, and what it leads to, the intake, lives as long.
@safe struct HTTP2Session: ~Copyable {
    /// What is promised to clients, and what they may have under way.
    private enum Bound {
        static let streams: UInt32 = 100
        /// Bytes that a client may send ahead: of a stream's body, and of all of them.
        static let streamWindow: UInt32 = 65_535
        static let window: Int32 = 1 << 20
        /// Resets by the client: so many at once, and so many each second (CVE-2023-44487). What the server resets for a client's
        /// error counts as well.
        static let resetBurst: UInt64 = 1000
        static let resetsPerSecond: UInt64 = 33
        /// Answers to pings and settings that wait to be sent, entries of one SETTINGS frame, CONTINUATION frames of a head.
        static let acknowledgements = 1000
        static let settings = 32
        static let continuations = 8
    }

    static var preface: ByteSlice { ByteSlice("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") }

    private let session: OpaquePointer
    let intake: SlabPointer<HTTP2Intake>
    private var boundary = FrameBoundary()
    /// Streams that have something to say.
    private var waiting: [HTTP2StreamPointer] = []
    /// The client was told that the connection ends: that it will, and that it does.
    private var isNoticed = false
    private var isEnding = false

    /// `nil` where there is no memory.
    init?(_ connection: DownstreamPointer, _ limits: HeadLimits) {
        let intake = SlabPointer(alone: HTTP2Intake(connection, limits))
        var made: OpaquePointer?
        var options: OpaquePointer?
        if unsafe nghttp2_option_new(&options) == 0 { unsafe Self.set(options) }
        let status = unsafe nghttp2_session_server_new2(&made, HTTP2Callbacks.shared, intake.memory, options)
        unsafe nghttp2_option_del(options)
        guard status == 0, let session = unsafe made else {
            unsafe intake.free()
            return nil
        }
        unsafe self.session = unsafe session
        self.intake = intake
        unsafe Self.greet(session, limits)
    }

    deinit {
        unsafe nghttp2_session_del(session)
        // Whoever had a stream or the intake is gone with the connection.
        while let stream = intake.pointee.streams.first { intake.pointee.forget(stream) }
        unsafe intake.free()
    }

    @unsafe private static func set(_ options: OpaquePointer?) {
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_max_outbound_ack(options, Bound.acknowledgements)
        unsafe nghttp2_option_set_max_settings(options, Bound.settings)
        unsafe nghttp2_option_set_max_continuations(options, Bound.continuations)
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, Bound.resetBurst, Bound.resetsPerSecond)
    }

    @unsafe private static func greet(_ session: OpaquePointer, _ limits: HeadLimits) {
        let settings = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, Bound.streams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Bound.streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.headBytes)),
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
        ].map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: $0.1) }
        unsafe settings.withUnsafeBufferPointer {
            _ = unsafe nghttp2_submit_settings(session, 0, $0.baseAddress, $0.count)
        }
        _ = unsafe nghttp2_session_set_local_window_size(session, 0, 0, Bound.window)
    }

    // MARK: - Reading

    /// Reads from the start of `bytes`, up to the end of a frame at most; how many bytes were used. Nothing can be read any more
    /// where those are none.
    mutating func receive(_ bytes: ByteSlice) -> Int {
        let count = boundary.advance(bytes)
        let used = unsafe nghttp2_session_mem_recv(session, bytes.base, count)
        return used < 0 ? 0 : count
    }

    /// Lets the client send as much more of a request's body as was used.
    func acknowledge(_ stream: HTTP2StreamPointer, _ count: Int) {
        guard count > 0 else { return }
        stream.pointee.unacknowledged &-= count
        _ = unsafe nghttp2_session_consume(session, stream.pointee.number, count)
    }

    /// Forgets a stream that is closed, and has no client any more. What nobody used of it no longer counts for the connection.
    mutating func giveUp(_ stream: HTTP2StreamPointer) {
        _ = unsafe nghttp2_session_consume_connection(session, stream.pointee.unacknowledged)
        if stream.pointee.isWaiting { waiting.removeAll { $0 == stream } }
        intake.pointee.forget(stream)
    }

    // MARK: - Writing

    /// Has a stream say what it has to, when frames are written next.
    mutating func wake(_ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isWaiting, !stream.pointee.isClosed else { return }
        stream.pointee.isWaiting = true
        waiting.append(stream)
    }

    /// Ends a stream at once, so that the client can tell.
    func reset(_ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isClosed, !stream.pointee.isReset else { return }
        stream.pointee.isReset = true
        let isAnswered = stream.pointee.answer == .ended
        let code = isAnswered ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR
        stream.pointee.answer = .ended
        _ = unsafe nghttp2_submit_rst_stream(session, 0, stream.pointee.number, code.rawValue)
    }

    /// Writes frames of what there is, about as many bytes as `limit`.
    mutating func write(to output: inout ByteBuffer, limit: Int) {
        for stream in waiting {
            stream.pointee.isWaiting = false
            submit(stream)
        }
        waiting.removeAll(keepingCapacity: true)
        while output.count < limit {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &frame)
            guard count > 0 else { return }
            unsafe output.append(ByteSlice(base: frame, count: count))
        }
    }

    private func submit(_ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isClosed, let client = stream.pointee.client else { return }
        while stream.pointee.answer == .head, !client.pointee.outbox.isEmpty {
            let text = client.pointee.outbox.bytes
            let isAll = client.pointee.closesWhenSent && stream.pointee.answerTrailers.isEmpty
            let (length, isFinal, wasTaken) = unsafe HTTP2Lines.submitHead(
                text,
                stream.pointee.number,
                hasBody: { !isAll || $0 < text.count },
                to: session
            )
            guard wasTaken else { return reset(stream) }
            if isFinal {
                stream.pointee.answer = isAll && length == text.count ? .ended : .body
                intake.pointee.note(stream)
            }
            client.pointee.outbox.consume(length)
        }
        guard stream.pointee.isDeferred else { return }
        stream.pointee.isDeferred = false
        _ = unsafe nghttp2_session_resume_data(session, stream.pointee.number)
    }

    // MARK: - Ending

    /// Tells the client that the connection will end soon: it may still begin what it is about to, and answers a ping (RFC 9113, 6.8).
    mutating func announceEnd() {
        guard !isNoticed else { return }
        isNoticed = true
        _ = unsafe nghttp2_submit_shutdown_notice(session)
        _ = unsafe nghttp2_submit_ping(session, 0, nil)
    }

    /// Takes no new streams, once the client has heard of the end. The last one ends the connection.
    mutating func endIfHeard() {
        guard isNoticed, intake.pointee.hasHeardNotice else { return }
        if !isEnding {
            isEnding = true
            let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
            _ = unsafe nghttp2_submit_goaway(session, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
        }
        if intake.pointee.streams.count == 0 { end() }
    }

    /// Ends the connection.
    func end() { _ = unsafe nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR.rawValue) }

    /// Nothing is to be read or written any more.
    var isOver: Bool {
        unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }
}

/// Where frames end, so that what a frame says can be acted on before the next one is read.
private struct FrameBoundary {
    private static let headerCount = 9
    /// Of the preface at first, and then of a frame's payload.
    private var left = HTTP2Session.preface.count
    private var length = 0
    private var headerRead = 0

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
