// SPDX-License-Identifier: Apache-2.0

/// A client's address as text, kept inline.
struct PeerAddress {
    private var text: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    private(set) var count = 0
    let port: UInt16

    init(_ address: SocketAddress) {
        port = address.port
        withUnsafeMutableBytes(of: &text) {
            let characters = $0.bindMemory(to: CChar.self)
            guard let base = characters.baseAddress else { return }
            address.writeHost(to: base)
        }
        count = withUnsafeBytes(of: text) { $0.firstIndex(of: 0) ?? 0 }
    }

    /// The longest text of an address, in bytes, with room to spare.
    static let mostBytes = 48

    /// Copies the text to memory of ``mostBytes``.
    func copy(to memory: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        withUnsafeBytes(of: text) { memory.copyMemory(from: $0) }
        return UnsafeRawBufferPointer(rebasing: memory[..<count])
    }
}
