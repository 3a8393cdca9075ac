// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What clients say first over TLS (RFC 8446, 4.1.2), as far as others' connections are told by it: the name that they ask for.
enum ClientHello {
    enum Reading: Equatable {
        case incomplete
        /// `nil` where the client asks for none.
        case name([UInt8]?)
        /// It is no beginning of TLS, or none that anybody could answer.
        case invalid
    }

    /// The most bytes that are waited for: more than any client sends.
    static let mostBytes = 65_536

    /// Reads the beginning of a connection's bytes. A hello may come in several records.
    static func read(_ bytes: ByteSlice) -> Reading {
        var message: [UInt8] = []
        var start = 0
        while true {
            let record = bytes.from(start)
            guard mayBegin(record) else { return .invalid }
            guard record.count >= 5 else { return .incomplete }
            let length = record.number(at: 3, bytes: 2)
            guard length > 0, length <= 16_640 else { return .invalid }
            guard record.count >= 5 + length else { return bytes.count < mostBytes ? .incomplete : .invalid }
            message += record.slice(5, 5 + length)
            guard message[0] == 1 else { return .invalid }
            let isWhole = message.withSlice { $0.count >= 4 && $0.number(at: 1, bytes: 3) <= $0.count - 4 }
            if isWhole { return message.withSlice(name) }
            start += 5 + length
        }
    }

    private static func name(in message: ByteSlice) -> Reading {
        var cursor = Cursor(message, at: 4)
        guard let name = cursor.name() else { return .invalid }
        return .name(name.isEmpty ? nil : Array(message[name]))
    }

    /// A record of a handshake, of any version.
    private static func mayBegin(_ bytes: ByteSlice) -> Bool {
        (bytes.isEmpty || bytes[0] == 22) && (bytes.count < 2 || bytes[1] == 3)
    }

    /// The name in a `server_name` extension (RFC 6066, 3); `nil` where it is none.
    static func name(inExtension bytes: ByteSlice) -> ByteRange? {
        var cursor = Cursor(bytes, at: 0)
        guard cursor.takeVector(2) != nil, cursor.take(1) == 0, let name = cursor.takeVector(2) else {
            return nil
        }
        return name
    }
}

extension [UInt8] {
    fileprivate func withSlice<Result>(_ body: (ByteSlice) -> Result) -> Result {
        unsafe withUnsafeBufferPointer { unsafe body(ByteSlice($0)) }
    }
}

extension ByteSlice {
    /// A number in network order.
    fileprivate func number(at start: Int, bytes: Int) -> Int {
        (start..<start + bytes).reduce(0) { $0 << 8 | Int(self[$1]) }
    }
}

/// Where a message is read, which never leads beyond its end.
private struct Cursor {
    let bytes: ByteSlice
    private var position: Int

    init(_ bytes: ByteSlice, at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    mutating func take(_ count: Int) -> Int? {
        guard bytes.count - position >= count else { return nil }
        defer { position += count }
        return bytes.number(at: position, bytes: count)
    }

    /// The length of a vector, behind which its content follows; for lists that are gone into.
    mutating func takeVector(_ lengthBytes: Int) -> ByteRange? {
        guard let length = take(lengthBytes), bytes.count - position >= length else { return nil }
        return ByteRange(position, position + length)
    }

    mutating func skipVector(_ lengthBytes: Int) -> Bool {
        guard let content = takeVector(lengthBytes) else { return false }
        position = content.upper
        return true
    }

    /// Behind the hello's length; an empty range for no name.
    mutating func name() -> ByteRange? {
        // Version and random; session, cipher suites, compression.
        guard take(2) != nil, bytes.count - position >= 32 else { return nil }
        position += 32
        guard skipVector(1), skipVector(2), skipVector(1) else { return nil }
        // Before TLS 1.2 there may be no extensions.
        guard take(2) != nil else { return ByteRange(0, 0) }
        while bytes.count - position >= 4 {
            guard let kind = take(2), let content = takeVector(2) else { return nil }
            position = content.upper
            guard kind == 0 else { continue }
            let inner = ClientHello.name(inExtension: bytes[content])
            return inner.map { ByteRange($0.lower + content.lower, $0.upper + content.lower) }
        }
        return ByteRange(0, 0)
    }
}
