// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2

/// An end of a connection that knows frames and little more, so that it can break each rule.
final class FramePeer {
    /// What came over a stream: a request, or its answer.
    struct Answer: Equatable {
        /// Of an answer, those before the last one are 1xx.
        var heads: [[String]] = []
        var body: [UInt8] = []
        var trailers: [String] = []
        /// The stream was reset with this error.
        var reset: UInt32?

        var status: String? {
            heads.last?.first { $0.hasPrefix(":status: ") }.map { String($0.dropFirst(9)) }
        }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// How a connection ended.
    struct Ended: Error, Equatable {
        /// The code of GOAWAY; `nil` for an end without one.
        var code: UInt32?
    }

    let connection: TestConnection
    private var inflater: OpaquePointer?
    private var answers: [UInt32: Answer] = [:]
    private var begun: [UInt32] = []
    private var done: Set<UInt32> = []
    private var goAway: UInt32?
    /// Whether the server is let go on sending what was read.
    var opensWindows = true
    private(set) var pings: [[UInt8]] = []
    private(set) var settings: [UInt16: UInt32] = [:]
    private(set) var acknowledgedSettings = 0
    private(set) var lastStream: UInt32?
    /// What the server still takes: of all streams, and of each.
    private var window = 65_535
    private var windows: [UInt32: Int] = [:]

    /// Begins with the preface and settings of its own.
    init(to address: String, settings: [(UInt16, UInt32)] = [], preface: String? = nil) throws {
        connection = try TestConnection(to: address)
        nghttp2_hd_inflate_new(&inflater)
        try connection.send(preface ?? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        if preface == nil { try send(.settings(settings)) }
    }

    /// The other end of a client's connection.
    convenience init(of client: TestConnection, settings: [(UInt16, UInt32)] = []) throws {
        guard try client.read(24) == Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) else { throw Ended() }
        try self.init(greeted: client, settings: settings)
    }

    /// The same behind the preface.
    init(greeted client: TestConnection, settings: [(UInt16, UInt32)] = []) throws {
        connection = client
        nghttp2_hd_inflate_new(&inflater)
        try send(.settings(settings))
    }

    deinit {
        nghttp2_hd_inflate_del(inflater)
    }

    func send(_ frames: Frame...) throws { try connection.send(frames.flatMap(\.bytes)) }

    // MARK: - Reading

    /// The answer of a stream, once it has ended.
    func answer(_ stream: UInt32) throws -> Answer {
        while !done.contains(stream) { try step() }
        return answers[stream] ?? Answer()
    }

    /// The stream of the next head that comes, in the order in which they came.
    func nextStream() throws -> UInt32 {
        while begun.isEmpty { try step() }
        return begun.removeFirst()
    }

    /// What has come of a stream so far, after one that has ended.
    func soFar(_ stream: UInt32) -> Answer { answers[stream] ?? Answer() }

    /// The error with which the connection ends.
    func end() -> Ended {
        while true {
            do { try step() } catch { return error as? Ended ?? Ended(code: goAway) }
        }
    }

    /// Whether the server still answers, after what was sent so far.
    func isAlive() throws -> Bool {
        let mark: [UInt8] = Array("still up".utf8.prefix(8))
        try send(Frame(.ping, mark))
        while !pings.contains(mark) {
            do { try step() } catch { return false }
        }
        return true
    }

    /// Reads a frame.
    func step() throws {
        let header: [UInt8]
        do { header = try connection.read(9) } catch { throw Ended(code: goAway) }
        let length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
        let stream = header[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let payload = try connection.read(length)
        try take(Frame(header[3], flags: header[4], stream: stream, payload))
    }

    private func take(_ frame: Frame) throws {
        switch Frame.Kind(rawValue: frame.kind) {
        case .headers:
            let fields = inflate(frame.payload)
            if fields.first?.hasPrefix(":") == true {
                if answers[frame.stream] == nil { begun.append(frame.stream) }
                answers[frame.stream, default: Answer()].heads.append(fields)
            } else {
                answers[frame.stream, default: Answer()].trailers += fields
            }
            finish(frame)
        case .data:
            answers[frame.stream, default: Answer()].body += frame.payload
            if opensWindows, !frame.payload.isEmpty {
                let count = UInt32(frame.payload.count)
                try? send(.windowUpdate(0, count), .windowUpdate(frame.stream, count))
            }
            finish(frame)
        case .reset:
            answers[frame.stream, default: Answer()].reset = number(frame.payload[0..<4])
            done.insert(frame.stream)
        case .settings:
            if frame.flags & Frame.acknowledgement != 0 {
                acknowledgedSettings += 1
            } else {
                try take(settings: frame)
            }
        case .ping:
            if frame.flags & Frame.acknowledgement != 0 {
                pings.append(frame.payload)
            } else {
                try send(Frame(.ping, flags: Frame.acknowledgement, frame.payload))
            }
        case .goAway:
            lastStream = number(frame.payload[0..<4])
            goAway = number(frame.payload[4..<8])
        case .windowUpdate:
            let count = Int(number(frame.payload[0..<4]))
            if frame.stream == 0 { window += count } else { windows[frame.stream, default: 65_535] += count }
        default: break
        }
    }

    /// Waits until the server takes so many bytes of a stream, and counts them as sent.
    func awaitWindow(_ stream: UInt32, _ count: Int) throws {
        while room(stream) < count { try step() }
        window -= count
        windows[stream, default: 65_535] -= count
    }

    func room(_ stream: UInt32) -> Int { min(window, windows[stream, default: 65_535]) }

    private func take(settings frame: Frame) throws {
        for start in stride(from: 0, to: frame.payload.count, by: 6) {
            let key = UInt16(frame.payload[start]) << 8 | UInt16(frame.payload[start + 1])
            settings[key] = number(frame.payload[start + 2..<start + 6])
        }
        try send(Frame(.settings, flags: Frame.acknowledgement))
    }

    private func finish(_ frame: Frame) {
        if frame.flags & Frame.endStream != 0 { done.insert(frame.stream) }
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    private func inflate(_ block: [UInt8]) -> [String] {
        var fields: [String] = []
        var block = block
        block.withUnsafeMutableBufferPointer { bytes in
            var position = 0
            while true {
                var field = nghttp2_nv()
                var flags: Int32 = 0
                let count = nghttp2_hd_inflate_hd2(
                    inflater,
                    &field,
                    &flags,
                    bytes.baseAddress.map { $0 + position },
                    bytes.count - position,
                    1
                )
                guard count >= 0 else { return fields.append("undecodable") }
                position += count
                if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                    fields.append("\(text(field.name, field.namelen)): \(text(field.value, field.valuelen))")
                }
                if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 || count == 0 && flags == 0 { break }
            }
        }
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
    }

    private func text(_ base: UnsafeMutablePointer<UInt8>?, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }
}

extension TestOrigin {
    /// An origin of HTTP/2 that does with each stream what `answer` says, one after the other.
    convenience init(
        settings: [(UInt16, UInt32)] = [],
        streams answer: @escaping @Sendable (FramePeer, UInt32) throws -> Void
    ) throws {
        try self.init { connection, _ in
            let peer = try FramePeer(of: connection, settings: settings)
            while true { try answer(peer, try peer.nextStream()) }
        }
    }
}
