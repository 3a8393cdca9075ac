// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import CanaryResources
import CanarySystem

/// A call of gRPC's health protocol, alone on its connection.
@safe final class HealthCall {
    struct Answer {
        var httpStatus = ""
        /// gRPC's own.
        var status = ""
        var message = ""
        var body: [UInt8] = []
        var isWhole = false
    }

    private static let mostBytes = 4096

    private var answer = Answer()
    private var request: ArraySlice<UInt8>
    /// Made by nghttp2 for this value, and given back with it.
    private let session: OpaquePointer

    init(_ url: HTTPURL, service: String, milliseconds: Int64) throws(HTTPFailure) {
        request = Self.message(service)[...]
        var callbacks: OpaquePointer?
        var session: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { throw HTTPFailure("no memory") }
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, takeHeader)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, takeData)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, noticeEnd)
        guard unsafe nghttp2_session_client_new(&session, callbacks, nil) == 0, let made = unsafe session
        else {
            throw HTTPFailure("no memory")
        }
        unsafe self.session = made
        // The session does not outlive this value, which it is told of only while one of its own functions runs.
        unsafe nghttp2_session_set_user_data(made, Unmanaged.passUnretained(self).toOpaque())
        unsafe nghttp2_submit_settings(made, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil, 0)
        guard submit(Self.headers(url, milliseconds)) else { throw HTTPFailure("no memory") }
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    /// Sends the call, and waits for its answer.
    func answer(over connection: HTTPConnection) throws(HTTPFailure) -> Answer {
        while true {
            var bytes: UnsafePointer<UInt8>?
            while case let count = unsafe nghttp2_session_mem_send(session, &bytes), count > 0 {
                // They are the session's, until it is called again.
                try connection.send(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
            }
            if answer.isWhole { return answer }
            guard unsafe nghttp2_session_want_read(session) != 0 else {
                throw HTTPFailure("its answer is no HTTP/2")
            }
            let received = Array(try connection.receive())
            guard !received.isEmpty else { throw HTTPFailure("the connection ended before the answer") }
            let taken = unsafe nghttp2_session_mem_recv(session, received, received.count)
            guard taken >= 0 else {
                throw HTTPFailure(unsafe String(cString: nghttp2_strerror(Int32(taken))))
            }
        }
    }

    // MARK: - The request

    private static func headers(_ url: HTTPURL, _ milliseconds: Int64) -> [(String, String)] {
        [
            (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"),
            (":authority", url.authority), ("te", "trailers"), ("content-type", "application/grpc"),
            ("user-agent", "kube-probe"), ("grpc-timeout", "\(milliseconds)m"),
        ]
    }

    /// A `HealthCheckRequest`, whose field 1 is the service, behind a byte for "not compressed" and the length.
    private static func message(_ service: String) -> [UInt8] {
        let text = Array(service.utf8.prefix(mostBytes))
        var body: [UInt8] = []
        if !text.isEmpty {
            body = [0x0a]
            var length = text.count
            while length >= 0x80 {
                body.append(UInt8(length & 0x7f) | 0x80)
                length >>= 7
            }
            body.append(UInt8(length))
            body += text
        }
        return [0] + (0..<4).reversed().map { UInt8(body.count >> ($0 * 8) & 0xff) } + body
    }

    private func submit(_ headers: [(String, String)]) -> Bool {
        // One block has all texts; nghttp2 copies what it is lent for the call.
        var block: [UInt8] = []
        for (name, value) in headers { block += Array(name.utf8) + Array(value.utf8) }
        return unsafe block.withUnsafeMutableBufferPointer { block in
            var next = block.baseAddress
            let fields = unsafe headers.map { name, value in
                let start = unsafe next
                let middle = unsafe start.map { unsafe $0 + name.utf8.count }
                unsafe next = unsafe middle.map { unsafe $0 + value.utf8.count }
                return unsafe nghttp2_nv(
                    name: start,
                    value: middle,
                    namelen: name.utf8.count,
                    valuelen: value.utf8.count,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
                )
            }
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(fd: 0),
                read_callback: giveData
            )
            return unsafe nghttp2_submit_request(session, nil, fields, fields.count, &provider, nil) > 0
        }
    }

    // MARK: - What nghttp2 calls

    /// Puts the request, which is short, into the frame that is made.
    fileprivate func give(_ room: UnsafeMutableBufferPointer<UInt8>) -> (count: Int, isEnd: Bool) {
        let piece = request.prefix(room.count)
        _ = unsafe room.update(fromContentsOf: piece)
        request = request.dropFirst(piece.count)
        return (piece.count, request.isEmpty)
    }

    fileprivate func take(_ name: String, _ value: String) {
        switch name {
        case ":status": answer.httpStatus = value
        case "grpc-status": answer.status = value
        case "grpc-message": answer.message = value
        default: break
        }
    }

    /// Whether it is short enough.
    fileprivate func take(_ data: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe answer.body += data
        return answer.body.count <= Self.mostBytes
    }

    fileprivate func end() { answer.isWhole = true }
}

/// The call that a session belongs to: it is there as long as its session.
private func call(_ data: UnsafeMutableRawPointer?) -> HealthCall? {
    unsafe data.map { unsafe Unmanaged<HealthCall>.fromOpaque($0).takeUnretainedValue() }
}

private let giveData: nghttp2_data_source_read_callback = { _, _, buffer, length, flags, _, data in
    guard let buffer = unsafe buffer, let call = unsafe call(data) else {
        return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    let (count, isEnd) = unsafe call.give(UnsafeMutableBufferPointer(start: buffer, count: length))
    if isEnd { unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return count
}

private let takeHeader: nghttp2_on_header_callback = { _, _, name, nameLength, value, valueLength, _, data in
    let name = unsafe String(decoding: UnsafeBufferPointer(start: name, count: nameLength), as: UTF8.self)
    let text = unsafe String(
        decoding: UnsafeBufferPointer(start: value, count: min(valueLength, 1024)),
        as: UTF8.self
    )
    unsafe call(data)?.take(name, text)
    return 0
}

private let takeData: nghttp2_on_data_chunk_recv_callback = { _, _, _, bytes, length, data in
    let isShort = unsafe call(data)?.take(UnsafeBufferPointer(start: bytes, count: length)) ?? false
    return isShort ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
}

private let noticeEnd: nghttp2_on_stream_close_callback = { _, _, _, data in
    unsafe call(data)?.end()
    return 0
}
