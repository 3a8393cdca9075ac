// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What a proxy says first of a connection that it passes on: whose it is (the PROXY protocol of HAProxy, versions 1 and 2,
/// <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).
enum ProxyHeader {
    enum Reading: Equatable {
        case incomplete
        /// How long it is; without addresses the connection is the sender's own, or of a kind that has none here.
        case complete(length: Int, Addresses?)
        case invalid(Objection)
    }

    /// Where a connection comes from, and what it was made to.
    struct Addresses: Equatable {
        var source: SocketAddress
        var destination: SocketAddress
    }

    /// Why a connection is refused that had to begin with a header.
    enum Objection: Int, CaseIterable {
        case missing, version, command, family, addresses, line, length, ended, late

        var text: StaticString {
            switch self {
            case .missing: "no_header"
            case .version: "unknown_version"
            case .command: "unknown_command"
            case .family: "unknown_family"
            case .addresses: "bad_addresses"
            case .line: "bad_line"
            case .length: "too_long"
            case .ended: "ended_before"
            case .late: "timed_out"
            }
        }
    }

    /// The most bytes of a header with what is added to it: as much as HAProxy reads.
    static let mostBytes = 16_384
    /// The most bytes of a line of version 1, with its end.
    private static let mostLineBytes = 107

    private static var line: ByteSlice { ByteSlice("PROXY ") }
    static var signature: ByteSlice { ByteSlice("\r\n\r\n\0\r\nQUIT\n") }

    /// Reads the beginning of a connection's bytes. What is known does not change with more of them.
    static func read(_ bytes: ByteSlice) -> Reading {
        if bytes.agrees(with: signature) {
            return bytes.count < signature.count ? .incomplete : readBinary(bytes)
        }
        guard bytes.agrees(with: line) else { return .invalid(.missing) }
        return bytes.count < line.count ? .incomplete : readLine(bytes)
    }

    // MARK: - Version 1

    private static func readLine(_ bytes: ByteSlice) -> Reading {
        let beginning = bytes.slice(0, min(bytes.count, mostLineBytes))
        guard let end = beginning.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < mostLineBytes ? .incomplete : .invalid(.length)
        }
        guard bytes[end - 1] == UInt8(ascii: "\r") else { return .invalid(.line) }
        var rest = bytes.slice(line.count, max(end - 1, line.count))
        let family = rest.takeWord()
        if family.equals(ByteSlice("UNKNOWN")) { return .complete(length: end + 1, nil) }
        let isSix = family.equals(ByteSlice("TCP6"))
        guard isSix || family.equals(ByteSlice("TCP4")) else { return .invalid(.family) }
        let words = [rest.takeWord(), rest.takeWord(), rest.takeWord()]
        guard let source = address(words[0], port: words[2], isSix: isSix),
            let destination = address(words[1], port: rest, isSix: isSix)
        else { return .invalid(.addresses) }
        return .complete(length: end + 1, Addresses(source: source, destination: destination))
    }

    private static func address(_ host: ByteSlice, port: ByteSlice, isSix: Bool) -> SocketAddress? {
        let isNumber = port.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isNumber, port.count == 1 || port.count > 1 && port[0] != UInt8(ascii: "0"),
            let port = UInt16(port.text), host.count < 46, !host.contains(0)
        else { return nil }
        let address = SocketAddress(host: host.text, port: port)
        return address?.isIPv6 == isSix ? address : nil
    }

    // MARK: - Version 2

    private static func readBinary(_ bytes: ByteSlice) -> Reading {
        guard bytes.count >= 16 else { return .incomplete }
        guard bytes[12] >> 4 == 2 else { return .invalid(.version) }
        guard bytes[12] & 15 <= 1 else { return .invalid(.command) }
        let length = Int(bytes.port(at: 14))
        guard 16 + length <= mostBytes else { return .invalid(.length) }
        guard bytes.count >= 16 + length else { return .incomplete }
        // Of LOCAL, the sender's own connections such as health checks, all else is without meaning.
        guard bytes[12] & 15 == 1 else { return .complete(length: 16 + length, nil) }
        let count: Int
        switch bytes[13] {
        case 0x11: count = 4
        case 0x21: count = 16
        // Unknown, or addresses of datagrams and of sockets in the file system.
        case 0x00, 0x12, 0x22, 0x31, 0x32: return .complete(length: 16 + length, nil)
        default: return .invalid(.family)
        }
        let ports = 16 + 2 * count
        guard ports + 4 <= 16 + length,
            let source = SocketAddress(bytes.slice(16, 16 + count), port: bytes.port(at: ports)),
            let destination = SocketAddress(bytes.slice(16 + count, ports), port: bytes.port(at: ports + 2))
        else { return .invalid(.addresses) }
        return .complete(length: 16 + length, Addresses(source: source, destination: destination))
    }
}

extension ByteSlice {
    /// Whether the bytes, as far as there are any, are those of `mark`.
    fileprivate func agrees(with mark: ByteSlice) -> Bool {
        let count = Swift.min(self.count, mark.count)
        return slice(0, count).equals(mark.slice(0, count))
    }

    /// Takes what stands before the next space, and that; all there is where there is none.
    fileprivate mutating func takeWord() -> ByteSlice {
        guard let space = firstIndex(of: UInt8(ascii: " ")) else {
            defer { self = ByteSlice() }
            return self
        }
        defer { self = from(space + 1) }
        return slice(0, space)
    }

    /// A number of two bytes in network order.
    fileprivate func port(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }
}
