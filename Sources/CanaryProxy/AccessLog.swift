// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryMesh
import CanaryRouting
import Glibc

/// One worker's access log: lines gather while the worker handles a batch of events, and go to the log's own thread with its
/// end.
struct AccessLog: ~Copyable {
    private static let flushSize = 32_768

    let format: ProxyConfiguration.AccessLogFormat
    private let writer: LogWriter?
    private let process = UInt64(getpid())
    private var lines = ByteBuffer(capacity: 256)

    init(format: ProxyConfiguration.AccessLogFormat, writer: LogWriter?) {
        self.format = writer == nil ? .off : format
        self.writer = writer
    }

    var isOn: Bool { format != .off }

    mutating func add(_ line: borrowing LogLine) {
        if format == .json {
            line.appendJSON(process: process, to: &lines)
        } else {
            line.appendText(process: process, to: &lines)
        }
        if lines.count >= Self.flushSize { flush() }
    }

    mutating func flush() {
        guard lines.count > 0 else { return }
        writer?.write(lines.slice)
        lines.truncate()
    }
}

/// What a line of the access log says. Whatever a peer sent is escaped: no line can hold another.
struct LogLine {
    enum `Protocol` {
        case http10, http11, http2
        /// A TCP connection: it has no method, path and status either.
        case none

        var text: StaticString {
            switch self {
            case .http10: "HTTP/1.0"
            case .http11: "HTTP/1.1"
            case .http2: "HTTP/2"
            case .none: "-"
            }
        }
    }

    var time: Int64
    var method: ByteSlice
    var path: ByteSlice
    var query: ByteSlice
    var `protocol`: Protocol
    var answer: CountedAnswer
    var bytesReceived: UInt64
    var bytesSent: UInt64
    var milliseconds: UInt64
    var authority: ByteSlice
    var userAgent: ByteSlice
    /// The client's id of the request; where it is empty, the proxy's counts.
    var requestID: ByteSlice
    var madeID: UUID?
    var source: ByteSlice
    var upstream: String
    /// Why a connection ended before anything of it could be read.
    var details: StaticString?

    /// Envoy's default line, shortened to what the proxy knows, and the number of the process.
    func appendText(process: UInt64, to buffer: inout ByteBuffer) {
        buffer.append("[")
        buffer.append(timestamp: time)
        buffer.append("] \"")
        if `protocol` == .none {
            buffer.append("- - ")
        } else {
            buffer.append(escaping: method)
            buffer.append(" ")
            appendTarget(to: &buffer)
            buffer.append(" ")
        }
        buffer.append(`protocol`.text)
        buffer.append("\" ")
        buffer.append(decimal: UInt64(max(answer.status, 0)))
        buffer.append(" ")
        answer.flags.forEachText { buffer.append($0) }
        for number in [bytesReceived, bytesSent, milliseconds] {
            buffer.append(" ")
            buffer.append(decimal: number)
        }
        for value in [source, userAgent] { appendQuoted(value, to: &buffer) }
        if requestID.isEmpty, let madeID {
            buffer.append(" \"")
            buffer.append(madeID)
            buffer.append("\"")
        } else {
            appendQuoted(requestID, to: &buffer)
        }
        appendQuoted(authority, to: &buffer)
        buffer.append(" \"")
        buffer.append(text: upstream.isEmpty ? "-" : upstream)
        buffer.append("\" ")
        buffer.append(decimal: process)
        if answer.grpcStatus >= 0 {
            buffer.append(" grpc_status=")
            buffer.append(decimal: UInt64(answer.grpcStatus))
        }
        if let details {
            buffer.append(" details=")
            buffer.append(details)
        }
        buffer.append("\n")
    }

    private func appendQuoted(_ value: ByteSlice, to buffer: inout ByteBuffer) {
        buffer.append(" \"")
        if value.isEmpty { buffer.append("-") } else { buffer.append(escaping: value) }
        buffer.append("\"")
    }

    func appendJSON(process: UInt64, to buffer: inout ByteBuffer) {
        buffer.append("{\"start_time\":\"")
        buffer.append(timestamp: time)
        buffer.append("\",\"method\":\"")
        buffer.append(escaping: method)
        buffer.append("\",\"path\":\"")
        appendTarget(to: &buffer)
        buffer.append("\",\"protocol\":\"")
        buffer.append(`protocol`.text)
        buffer.append("\"")
        let numbers: [(StaticString, UInt64)] = [
            ("response_code", UInt64(max(answer.status, 0))), ("bytes_received", bytesReceived),
            ("bytes_sent", bytesSent), ("duration", milliseconds), ("pid", process),
        ]
        for (name, number) in numbers {
            buffer.append(",\"")
            buffer.append(name)
            buffer.append("\":")
            buffer.append(decimal: number)
        }
        buffer.append(",\"response_flags\":\"")
        answer.flags.forEachText { buffer.append($0) }
        let texts: [(StaticString, ByteSlice)] = [
            ("downstream_remote_address", source), ("user_agent", userAgent), ("authority", authority),
            ("request_id", requestID),
        ]
        for (name, text) in texts {
            buffer.append("\",\"")
            buffer.append(name)
            buffer.append("\":\"")
            buffer.append(escaping: text)
        }
        if requestID.isEmpty, let madeID { buffer.append(madeID) }
        buffer.append("\",\"upstream_host\":\"")
        buffer.append(text: upstream)
        buffer.append("\"")
        if answer.grpcStatus >= 0 {
            buffer.append(",\"grpc_status\":")
            buffer.append(decimal: UInt64(answer.grpcStatus))
        }
        if let details {
            buffer.append(",\"connection_termination_details\":\"")
            buffer.append(details)
            buffer.append("\"")
        }
        buffer.append("}\n")
    }

    private func appendTarget(to buffer: inout ByteBuffer) {
        buffer.append(escaping: path)
        guard !query.isMissing else { return }
        buffer.append("?")
        buffer.append(escaping: query)
    }
}

extension ByteBuffer {
    /// Appends bytes so that they are safe inside quotes, in text and in JSON: control characters, quotes, backslashes and all
    /// beyond ASCII as `\u00XX`.
    mutating func append(escaping bytes: ByteSlice) {
        for byte in bytes {
            let isPlain =
                byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            if isPlain {
                append(byte)
            } else {
                append("\\u00")
                append(hexDigits: UInt64(byte), count: 2)
            }
        }
    }

    mutating func append(text: String) {
        text.withSlice { append($0) }
    }

    mutating func append(_ id: UUID) {
        unsafe id.withText { unsafe append(ByteSlice($0)) }
    }
}

extension LogLine {
    /// Of a connection of which nothing more is known.
    init(connectionFrom source: ByteSlice, at time: Int64, _ answer: CountedAnswer, details: StaticString) {
        let none = ByteSlice()
        self.init(
            time: time,
            method: none,
            path: none,
            query: none,
            protocol: .none,
            answer: answer,
            bytesReceived: 0,
            bytesSent: 0,
            milliseconds: 0,
            authority: none,
            userAgent: none,
            requestID: none,
            source: source,
            upstream: "",
            details: details
        )
    }
}

extension LogLine.`Protocol` {
    init(_ version: RequestFacts.HTTPVersion) {
        self =
            switch version {
            case .http10: .http10
            case .http11: .http11
            case .http2: .http2
            }
    }
}
