// SPDX-License-Identifier: Apache-2.0

/// A frame of HTTP/2 as it stands on the connection (RFC 9113, 4.1), right or wrong.
struct Frame: Equatable {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 32

    var kind: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    init(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.init(kind.rawValue, flags: flags, stream: stream, payload)
    }

    var bytes: [UInt8] {
        let length = UInt32(payload.count)
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind, flags]
            + Self.number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    // MARK: - Frames that tests send

    /// A head or trailers.
    static func headers(
        _ stream: UInt32,
        _ fields: [(String, String)],
        ends: Bool = true,
        endsHead: Bool = true
    ) -> Frame {
        let flags = (ends ? endStream : 0) | (endsHead ? endHeaders : 0)
        return Frame(.headers, flags: flags, stream: stream, Self.block(fields))
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = false) -> Frame {
        Frame(.data, flags: ends ? endStream : 0, stream: stream, bytes)
    }

    static func settings(_ pairs: [(UInt16, UInt32)] = []) -> Frame {
        Frame(.settings, pairs.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + number($0.1) })
    }

    static func windowUpdate(_ stream: UInt32, _ count: UInt32) -> Frame {
        Frame(.windowUpdate, stream: stream, number(count))
    }

    static func reset(_ stream: UInt32, code: UInt32 = 8) -> Frame {
        Frame(.reset, stream: stream, number(code))
    }

    /// The usual fields of a request, with some of their own.
    static func request(_ fields: [(String, String)] = [], method: String = "GET", path: String = "/")
        -> [(String, String)]
    {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "app")] + fields
    }

    /// A header block of literals that no table takes up (RFC 7541, 6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + string(Array($0.0.utf8)) + string(Array($0.1.utf8)) }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { integer(bytes.count, prefix: 7) + bytes }

    /// RFC 7541, 5.1.
    static func integer(_ value: Int, prefix: Int, flags: UInt8 = 0) -> [UInt8] {
        let most = 1 << prefix - 1
        guard value >= most else { return [flags | UInt8(value)] }
        var bytes = [flags | UInt8(most)]
        var rest = value - most
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
