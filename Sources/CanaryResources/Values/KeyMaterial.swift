// SPDX-License-Identifier: Apache-2.0

/// Certificates or a key as PEM. What holds it never prints it, and it is zeroed when nobody has it any more.
///
/// `@unchecked Sendable`: the memory is written in `init` only.
@safe package final class KeyMaterial: @unchecked Sendable, Hashable, CustomStringConvertible {
    private let memory: UnsafeMutableBufferPointer<UInt8>

    package init(_ bytes: some Collection<UInt8>) {
        unsafe memory = .allocate(capacity: bytes.count)
        _ = unsafe memory.initialize(fromContentsOf: bytes)
    }

    /// Of base64 as Kubernetes reads it; `nil` where it is none.
    package convenience init?(base64: String) {
        guard let count = Base64.decodedCount(base64) else { return nil }
        self.init(zeros: count)
        var next = 0
        Base64.decode(base64) {
            unsafe memory[next] = $0
            next += 1
        }
    }

    private init(zeros count: Int) {
        unsafe memory = .allocate(capacity: count)
        unsafe memory.initialize(repeating: 0)
    }

    deinit {
        for index in unsafe memory.indices { unsafe Self.zero(&memory[index]) }
        unsafe memory.deallocate()
    }

    /// Not inlined, so that nobody finds out that the byte is not read again.
    @inline(never) @_optimize(none)
    private static func zero(_ byte: inout UInt8) { byte = 0 }

    package var isEmpty: Bool { unsafe memory.isEmpty }

    /// Lends the bytes.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(memory))
    }

    package static func == (left: KeyMaterial, right: KeyMaterial) -> Bool {
        unsafe left === right || left.memory.elementsEqual(right.memory)
    }

    package func hash(into hasher: inout Hasher) {
        unsafe withBytes { unsafe hasher.combine(bytes: $0) }
    }

    package var description: String { "KeyMaterial" }
}
