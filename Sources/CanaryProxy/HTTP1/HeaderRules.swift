// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// How a message's body ends.
enum BodyFraming: Equatable {
    case none
    case length(UInt64)
    case chunked
    /// Responses only: when the connection closes.
    case untilClose
}

/// What the header fields say about the connection and the body.
struct MessageRules {
    var length: UInt64?
    var isChunked = false
    /// Connection says `close`, `keep-alive`, `upgrade`.
    var asksClose = false
    var asksKeepAlive = false
    var asksUpgrade = false
    var upgrade: ByteRange?
    var host: ByteRange?
    var expect: ByteRange?
    /// -1 for none, or none that is a number.
    var grpcStatus: Int32 = -1
    var isRateLimited = false

    /// Reads the fields of a head, marks those that must not be passed on, and refuses ambiguous ones.
    static func read(
        _ bytes: ByteSlice,
        _ fields: inout FieldTable,
        minorVersion: UInt8
    ) throws(Rejection) -> MessageRules {
        var rules = MessageRules()
        var encodings = 0
        for index in 0..<fields.count {
            let field = fields[index]
            switch field.known {
            case .contentLength:
                guard rules.length == nil else { throw .severalLengths }
                rules.length = try decimal(bytes[field.value])
            case .transferEncoding:
                encodings &+= 1
                guard encodings == 1 else { throw .severalEncodings }
                try requireChunked(bytes[field.value])
            case .host:
                guard rules.host == nil else { throw .severalHosts }
                rules.host = field.value
            case .connection: rules.readConnection(bytes, field.value, &fields)
            case .upgrade: rules.upgrade = field.value
            case .expect: rules.expect = field.value
            case .grpcStatus:
                rules.grpcStatus = (try? decimal(bytes[field.value])).map { Int32(clamping: $0) } ?? -1
            case .rateLimited: rules.isRateLimited = true
            default: break
            }
            if field.known.isHopByHop { fields.drop(index) }
        }
        if encodings > 0 {
            guard rules.length == nil else { throw .lengthAndEncoding }
            guard minorVersion > 0 else { throw .encodingInOldVersion }
            rules.isChunked = true
        }
        return rules
    }

    /// `1*DIGIT` that fits into 63 bits: no sign, no space, no list.
    private static func decimal(_ text: ByteSlice) throws(Rejection) -> UInt64 {
        guard text.count > 0, text.count <= 19 else { throw .badLength }
        var value: UInt64 = 0
        for byte in text {
            guard ASCII.isDigit(byte) else { throw .badLength }
            value = value &* 10 &+ UInt64(byte &- 0x30)
        }
        guard value <= UInt64(Int64.max) else { throw .badLength }
        return value
    }

    private static func requireChunked(_ value: ByteSlice) throws(Rejection) {
        if value.equalsIgnoringCase("chunked") { return }
        var position = 0
        while let coding = ListElements.next(in: value, from: &position) {
            if value[coding].equalsIgnoringCase("chunked") { throw .badEncoding }
        }
        throw .unknownEncoding
    }

    /// Takes the options of a Connection field; a name among them makes that field hop-by-hop too.
    private mutating func readConnection(
        _ bytes: ByteSlice,
        _ range: ByteRange,
        _ fields: inout FieldTable
    ) {
        let value = bytes[range]
        var position = 0
        while let element = ListElements.next(in: value, from: &position) {
            let option = value[element]
            if option.equalsIgnoringCase("close") {
                asksClose = true
            } else if option.equalsIgnoringCase("keep-alive") {
                asksKeepAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                asksUpgrade = true
            } else {
                Self.dropFields(named: option, bytes, &fields)
            }
        }
    }

    private static func dropFields(
        named name: ByteSlice,
        _ bytes: ByteSlice,
        _ fields: inout FieldTable
    ) {
        for index in 0..<fields.count where !fields[index].known.isProtectedFromConnection {
            if bytes[fields[index].name].equalsIgnoringCase(name) { fields.drop(index) }
        }
    }
}

/// Walks the elements of a comma-separated field value.
enum ListElements {
    /// The next element that is not empty, without the white space around it.
    static func next(in value: ByteSlice, from position: inout Int) -> ByteRange? {
        while position < value.count {
            var end = position
            while end < value.count, value[end] != UInt8(ascii: ",") { end &+= 1 }
            var lower = position
            var upper = end
            while lower < upper, value[lower] == ASCII.space || value[lower] == ASCII.tab { lower &+= 1 }
            while upper > lower, value[upper &- 1] == ASCII.space || value[upper &- 1] == ASCII.tab {
                upper &-= 1
            }
            position = end &+ 1
            if lower < upper { return ByteRange(lower, upper) }
        }
        return nil
    }
}
