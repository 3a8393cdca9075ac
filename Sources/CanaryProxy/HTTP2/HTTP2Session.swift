// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh
import CanaryRouting

typealias HTTP2SessionPointer = SlabPointer<HTTP2Session>

/// One end of an HTTP/2 connection (RFC 9113): nghttp2 reads and writes frames and headers, knows windows and the states of
/// streams, and refuses what breaks the protocol. It knows no socket: bytes in, bytes out.
///
/// `@safe`: nghttp2's session is this value's own, and what it leads to, the intake, lives as long.
@safe struct HTTP2Session: ~Copyable {
    /// What is promised to peers, and what they may have under way.
    enum Bound {
        static let streams: UInt32 = 100
        /// Bytes that a peer may send ahead: of a stream's body, and of all of them.
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
        /// Bytes of a head that is sent, as nghttp2 counts them: more than any head has that the proxy passes on.
        static let sentHead = 1 << 18
    }

    static var preface: ByteSlice { ByteSlice("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") }

    private let session: OpaquePointer
    let intake: SlabPointer<HTTP2Intake>
    /// The connection.
    let carrier: SlabPointer<Registration>
    private var boundary: FrameBoundary
    /// Streams that have something to say.
    private var waiting: [HTTP2StreamPointer] = []
    /// The client was told that the connection ends: that it will, and that it does.
    private var isNoticed = false
    private var hasPinged = false
    private var isEnding = false

    /// A session for a connection, to a client or to an endpoint; `nil` where there is no memory.
    static func make(_ carrier: SlabPointer<Registration>, _ limits: HeadLimits) -> HTTP2SessionPointer? {
        guard let session = HTTP2Session(carrier, limits) else { return nil }
        let pointer = SlabPointer(alone: session)
        let intake = pointer.pointee.intake
        intake.pointee.session = pointer
        return pointer
    }

    private init?(_ carrier: SlabPointer<Registration>, _ limits: HeadLimits) {
        let intake = SlabPointer(alone: HTTP2Intake(limits))
        let isServer = carrier.pointee.kind == .downstream
        var made: OpaquePointer?
        var options: OpaquePointer?
        if unsafe nghttp2_option_new(&options) == 0 { unsafe Self.set(options) }
        let make = unsafe isServer ? nghttp2_session_server_new2 : nghttp2_session_client_new2
        let status = unsafe make(&made, HTTP2Callbacks.shared, intake.memory, options)
        unsafe nghttp2_option_del(options)
        guard status == 0, let session = unsafe made else {
            unsafe intake.free()
            return nil
        }
        unsafe self.session = unsafe session
        self.intake = intake
        self.carrier = carrier
        boundary = FrameBoundary(hasPreface: isServer)
        unsafe Self.greet(session, limits, isServer: isServer)
    }

    deinit {
        unsafe nghttp2_session_del(session)
        // Whoever had a stream or the intake is gone with the connection.
        let intake = intake
        while let stream = intake.pointee.streams.first { intake.pointee.forget(stream) }
        unsafe intake.free()
    }

    @unsafe private static func set(_ options: OpaquePointer?) {
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_max_outbound_ack(options, Bound.acknowledgements)
        unsafe nghttp2_option_set_max_settings(options, Bound.settings)
        unsafe nghttp2_option_set_max_send_header_block_length(options, Bound.sentHead)
        unsafe nghttp2_option_set_max_continuations(options, Bound.continuations)
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, Bound.resetBurst, Bound.resetsPerSecond)
    }

    @unsafe private static func greet(_ session: OpaquePointer, _ limits: HeadLimits, isServer: Bool) {
        let ofServer: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, Bound.streams),
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
        ]
        let ofClient: [(nghttp2_settings_id, UInt32)] = [(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)]
        let ofBoth: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Bound.streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.headBytes)),
        ]
        let settings = ((isServer ? ofServer : ofClient) + ofBoth).map {
            nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: $0.1)
        }
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

    /// Forgets a stream that is closed, and has no party any more. What nobody used of it no longer counts for the connection.
    mutating func giveUp(_ stream: HTTP2StreamPointer) {
        _ = unsafe nghttp2_session_consume_connection(session, stream.pointee.unacknowledged)
        if stream.pointee.isWaiting { waiting.removeAll { $0 == stream } }
        let intake = intake
        intake.pointee.forget(stream)
    }

    private func note(_ stream: HTTP2StreamPointer) {
        // The compiler makes invalid code, for the thread sanitizer, of a change through a pointer that is part of a value (6.3).
        let intake = intake
        intake.pointee.note(stream)
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
        guard stream.pointee.number > 0 else {
            stream.pointee.isClosed = true
            return note(stream)
        }
        let hasSaidAll = stream.pointee.hasSentEnd
        let failure = carrier.pointee.kind == .downstream ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL
        let code = hasSaidAll && carrier.pointee.kind == .downstream ? NGHTTP2_NO_ERROR : failure
        stream.pointee.sending = .ended
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
            guard count > 0 else {
                guard pingBehindNotice() else { return }
                continue
            }
            unsafe output.append(ByteSlice(base: frame, count: count))
        }
    }

    private func submit(_ stream: HTTP2StreamPointer) {
        guard !stream.pointee.isClosed, !stream.pointee.waitsForEnd else { return }
        while stream.pointee.sending == .head, !stream.pointee.party.outgoing.isEmpty {
            guard submitHead(of: stream) else { return reset(stream) }
        }
        guard stream.pointee.isDeferred else { return }
        stream.pointee.isDeferred = false
        _ = unsafe nghttp2_session_resume_data(session, stream.pointee.number)
    }

    /// Submits the head that waits to be sent; `false` where nghttp2 takes none.
    private func submitHead(of stream: HTTP2StreamPointer) -> Bool {
        let party = stream.pointee.party
        let text = party.outgoing
        let isAll = party.hasSaidAll && stream.pointee.ownTrailers.isEmpty
        let hasBody = { !isAll || $0 < text.count }
        let length: Int
        var isFinal = true
        if case .endpoint = party {
            let taken = unsafe HTTP2Lines.submitRequest(text, stream, hasBody: hasBody, to: session)
            guard taken.number > 0 else { return false }
            stream.pointee.number = taken.number
            length = taken.length
        } else {
            let taken = unsafe HTTP2Lines.submitHead(
                text,
                stream.pointee.number,
                hasBody: hasBody,
                to: session
            )
            guard taken.wasTaken else { return false }
            (length, isFinal) = (taken.length, taken.isFinal)
        }
        if isFinal { stream.pointee.sending = hasBody(length) ? .body : .ended }
        party.consumeOutgoing(length)
        // There is room for what comes behind it, of an interim head, too.
        note(stream)
        return true
    }

    /// Whether the peer lets a stream say more, as far as its own window goes.
    func hasWindow(_ stream: HTTP2StreamPointer) -> Bool {
        unsafe nghttp2_session_get_stream_remote_window_size(session, stream.pointee.number) > 0
    }

    // MARK: - Streams of our own

    /// The peer takes no more of them.
    var isLeaving: Bool { intake.pointee.isLeaving }

    /// Whether the peer takes another stream, which a policy may limit further.
    func hasRoom(atMost limit: Int) -> Bool { intake.pointee.streams.count < min(allowed, limit) }

    /// The peer takes no streams for now, and may take some later.
    var allowsNone: Bool { mayBegin && allowed == 0 }

    private var mayBegin: Bool {
        guard !intake.pointee.isLeaving else { return false }
        return unsafe nghttp2_session_check_request_allowed(session) != 0
    }

    /// How many streams the peer takes at once.
    private var allowed: Int {
        guard mayBegin else { return 0 }
        return unsafe Int(
            nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        )
    }

    // MARK: - Ending

    /// Tells the client that the connection will end soon: it may still begin what it is about to, and answers a ping (RFC 9113, 6.8).
    mutating func announceEnd() {
        guard !isNoticed else { return }
        isNoticed = true
        _ = unsafe nghttp2_submit_shutdown_notice(session)
    }

    /// Pings the client once the notice is out: of two frames that wait, nghttp2 would send the ping first, and its answer would not
    /// say that the client has read the notice.
    private mutating func pingBehindNotice() -> Bool {
        guard isNoticed, !hasPinged else { return false }
        hasPinged = true
        return unsafe nghttp2_submit_ping(session, 0, nil) == 0
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

extension HTTP2SessionPointer {
    /// Calls `body` with each stream; that one may be given up meanwhile, and no other.
    func forEachStream(_ body: (HTTP2StreamPointer) -> Void) {
        let intake = pointee.intake
        var next = intake.pointee.streams.first
        while let stream = next {
            next = intake.pointee.streams.next(after: stream)
            body(stream)
        }
    }
}
