// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh

/// What nghttp2 calls while it reads and writes frames: it is all written down in the ``HTTP2Intake``, or moved to and from the
/// queues of the streams' clients. Nothing here calls the worker.
///
/// Every pointer of nghttp2's is valid during the call; the context is the session's intake, and a stream's user data its
/// ``HTTP2Stream``, which is there as long as nghttp2 knows the stream.
enum HTTP2Callbacks {
    /// The same for all sessions, for as long as the process lives.
    nonisolated(unsafe) static let shared: OpaquePointer? = unsafe make()

    private static func make() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { session, frame, context in
            unsafe HTTP2Callbacks.beginHeaders(session, frame, context)
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _,
            frame,
            name,
            nameCount,
            value,
            valueCount,
            _,
            context in
            guard let frame = unsafe frame, let intake = unsafe HTTP2Callbacks.intake(context) else {
                return 0
            }
            let name = unsafe ByteSlice(base: name, count: nameCount)
            let value = unsafe ByteSlice(base: value, count: valueCount)
            if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
                intake.pointee.head.add(name, value)
            } else if !intake.pointee.addTrailer(name, value) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
            }
            return 0
        }
        // Without it, what must not be in a field would only have the field left out.
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
            NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, context in
            unsafe HTTP2Callbacks.received(session, frame, context)
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            session,
            _,
            number,
            data,
            count,
            context in
            guard let stream = unsafe HTTP2Callbacks.stream(number, of: session) else { return 0 }
            stream.pointee.unacknowledged &+= count
            unsafe stream.pointee.client?.pointee.inbox.append(ByteSlice(base: data, count: count))
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
            session,
            number,
            _,
            context in
            guard let stream = unsafe HTTP2Callbacks.stream(number, of: session) else { return 0 }
            stream.pointee.isClosed = true
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        return unsafe callbacks
    }

    @unsafe private static func intake(_ context: UnsafeMutableRawPointer?) -> SlabPointer<HTTP2Intake>? {
        unsafe context.map { unsafe SlabPointer($0.assumingMemoryBound(to: HTTP2Intake.self)) }
    }

    @unsafe private static func stream(_ number: Int32, of session: OpaquePointer?) -> HTTP2StreamPointer? {
        unsafe nghttp2_session_get_stream_user_data(session, number).map {
            unsafe SlabPointer($0.assumingMemoryBound(to: HTTP2Stream.self))
        }
    }

    // MARK: - Reading

    @unsafe private static func beginHeaders(
        _ session: OpaquePointer?,
        _ frame: UnsafePointer<nghttp2_frame>?,
        _ context: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let frame = unsafe frame, let intake = unsafe intake(context),
            unsafe frame.pointee.hd.type == UInt8(NGHTTP2_HEADERS.rawValue),
            unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
        else { return 0 }
        let number = unsafe frame.pointee.hd.stream_id
        intake.pointee.head.reset()
        let stream = intake.pointee.open(number)
        return unsafe nghttp2_session_set_stream_user_data(session, number, stream.memory)
    }

    @unsafe private static func received(
        _ session: OpaquePointer?,
        _ frame: UnsafePointer<nghttp2_frame>?,
        _ context: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let frame = unsafe frame, let intake = unsafe intake(context) else { return 0 }
        let header = unsafe frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_PING.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { intake.pointee.hasHeardNotice = true }
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard let stream = unsafe stream(header.stream_id, of: session) else { return 0 }
            let isHead = header.type == UInt8(NGHTTP2_HEADERS.rawValue)
            if isHead, unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
                intake.pointee.begun = stream
            }
            guard header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return 0 }
            stream.pointee.hasEnded = true
            intake.pointee.giveTrailers(to: stream)
            intake.pointee.note(stream)
        default: break
        }
        return 0
    }

    // MARK: - Writing

    /// Gives nghttp2 the next bytes of an answer's body.
    static var body: nghttp2_data_provider {
        unsafe nghttp2_data_provider(source: nghttp2_data_source()) {
            session,
            number,
            memory,
            room,
            flags,
            _,
            context in
            guard let stream = unsafe HTTP2Callbacks.stream(number, of: session),
                let client = stream.pointee.client,
                let memory = unsafe memory, let flags = unsafe flags
            else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
            let count = unsafe client.pointee.outbox.move(to: memory, atMost: room)
            if count > 0 { stream.pointee.hasSent = true }
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            guard client.pointee.outbox.isEmpty else { return count }
            if client.pointee.closesWhenSent {
                stream.pointee.answer = .ended
                unsafe flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
                if !stream.pointee.answerTrailers.isEmpty {
                    unsafe flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                    unsafe HTTP2Lines.submitTrailers(stream.pointee.answerTrailers.bytes, number, to: session)
                }
            } else if count == 0 {
                stream.pointee.isDeferred = true
                return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            }
            return count
        }
    }
}

extension HTTP2Intake {
    /// A field behind a request's body; `false` where none may be. Pseudo-header fields are none, which nghttp2 has seen to.
    fileprivate mutating func addTrailer(_ name: ByteSlice, _ value: ByteSlice) -> Bool {
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

    fileprivate mutating func giveTrailers(to stream: HTTP2StreamPointer) {
        stream.pointee.requestTrailers.append(trailers.bytes)
        trailers.release()
    }
}
