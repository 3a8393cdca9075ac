// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryMesh

/// What nghttp2 calls while it reads and writes frames: it is all written down in the ``HTTP2Intake``, or moved to and from the
/// queues of the streams' parties. Nothing here calls the worker.
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
            _,
            name,
            nameCount,
            value,
            valueCount,
            _,
            context in
            guard let intake = unsafe HTTP2Callbacks.intake(context) else { return 0 }
            let name = unsafe ByteSlice(base: name, count: nameCount)
            let value = unsafe ByteSlice(base: value, count: valueCount)
            return intake.pointee.add(name, value) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
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
            unsafe stream.pointee.party.receive(ByteSlice(base: data, count: count))
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
            session,
            number,
            code,
            context in
            guard let stream = unsafe HTTP2Callbacks.stream(number, of: session) else { return 0 }
            stream.pointee.isClosed = true
            unsafe HTTP2Callbacks.intake(context)?.pointee.isInBlock = false
            stream.pointee.wasRefused = code == NGHTTP2_REFUSED_STREAM.rawValue
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, context in
            guard let stream = unsafe HTTP2Callbacks.ended(frame, session) else { return 0 }
            stream.pointee.hasSentEnd = true
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
            session,
            frame,
            _,
            context in
            guard let frame = unsafe frame, unsafe frame.pointee.hd.type == UInt8(NGHTTP2_HEADERS.rawValue),
                let stream = unsafe HTTP2Callbacks.stream(frame.pointee.hd.stream_id, of: session)
            else { return 0 }
            stream.pointee.isUnsendable = true
            unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            return 0
        }
        return unsafe callbacks
    }

    /// The stream that our side has ended with a frame.
    @unsafe private static func ended(_ frame: UnsafePointer<nghttp2_frame>?, _ session: OpaquePointer?)
        -> HTTP2StreamPointer?
    {
        guard let header = unsafe frame?.pointee.hd,
            header.type == NGHTTP2_DATA.rawValue || header.type == NGHTTP2_HEADERS.rawValue,
            header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        else { return nil }
        return unsafe stream(header.stream_id, of: session)
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
            unsafe frame.pointee.hd.type == UInt8(NGHTTP2_HEADERS.rawValue)
        else { return 0 }
        intake.pointee.beginBlock()
        guard unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
        let number = unsafe frame.pointee.hd.stream_id
        guard let stream = intake.pointee.open(number) else { return 0 }
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
        case NGHTTP2_SETTINGS.rawValue: intake.pointee.hasNewSettings = true
        case NGHTTP2_GOAWAY.rawValue: intake.pointee.isLeaving = true
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard let stream = unsafe stream(header.stream_id, of: session) else { return 0 }
            if header.type == UInt8(NGHTTP2_HEADERS.rawValue) { intake.pointee.endBlock(of: stream) }
            guard header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return 0 }
            stream.pointee.hasEnded = true
            intake.pointee.note(stream)
        default: break
        }
        return 0
    }

    // MARK: - Writing

    /// Gives nghttp2 the next bytes of a body.
    static var body: nghttp2_data_provider {
        unsafe nghttp2_data_provider(source: nghttp2_data_source()) {
            session,
            number,
            memory,
            room,
            flags,
            _,
            context in
            guard let stream = unsafe HTTP2Callbacks.stream(number, of: session), let memory = unsafe memory,
                let flags = unsafe flags
            else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
            let party = stream.pointee.party
            let count = unsafe party.outgoing.copy(to: memory, atMost: room)
            let isAll = count == party.outgoing.count
            if count > 0 {
                party.consumeOutgoing(count)
                stream.pointee.hasSent = true
                unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
            }
            guard isAll else { return count }
            if party.hasSaidAll {
                stream.pointee.sending = .ended
                unsafe HTTP2Callbacks.intake(context)?.pointee.note(stream)
                unsafe flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
                if !stream.pointee.ownTrailers.isEmpty {
                    unsafe flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                    unsafe HTTP2Lines.submitTrailers(stream.pointee.ownTrailers.bytes, number, to: session)
                }
            } else if count == 0 {
                stream.pointee.isDeferred = true
                return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            }
            return count
        }
    }
}

extension ByteSlice {
    @unsafe fileprivate func copy(to memory: UnsafeMutablePointer<UInt8>, atMost room: Int) -> Int {
        let copied = Swift.min(count, room)
        guard copied > 0, let base = unsafe base else { return 0 }
        unsafe memory.update(from: base, count: copied)
        return copied
    }
}
