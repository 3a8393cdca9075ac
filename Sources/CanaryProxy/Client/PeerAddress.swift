// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// A client's address as text, kept inline.
struct PeerAddress {
    private var text: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    private(set) var count = 0
    let port: UInt16

    init(_ address: SocketAddress) {
        port = address.port
        unsafe withUnsafeMutableBytes(of: &text) {
            let characters = unsafe $0.bindMemory(to: CChar.self)
            guard let base = characters.baseAddress else { return }
            unsafe address.writeHost(to: base)
        }
        count = unsafe withUnsafeBytes(of: text) { unsafe $0.firstIndex(of: 0) ?? 0 }
    }

    /// The longest text of an address, in bytes, with room to spare.
    static let mostBytes = 48

    /// The address as it was before it was text.
    var socketAddress: SocketAddress? {
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.mostBytes, alignment: 8) { memory in
            SocketAddress(host: unsafe copy(to: memory).text, port: port)
        }
    }

    /// Copies the text to memory of ``mostBytes``.
    func copy(to memory: UnsafeMutableRawBufferPointer) -> ByteSlice {
        unsafe withUnsafeBytes(of: text) { unsafe memory.copyMemory(from: $0) }
        return unsafe ByteSlice(start: memory.baseAddress, count: count)
    }
}

extension PeerAddress: CustomStringConvertible {
    /// `host:port`, with brackets around IPv6.
    var description: String {
        let host = unsafe withUnsafeTemporaryAllocation(byteCount: Self.mostBytes, alignment: 8) {
            unsafe copy(to: $0).text
        }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
