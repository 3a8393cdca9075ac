// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Bytes that wait: received and not yet understood, or not yet sent. Owns memory only while it holds some.
///
/// `@safe`: `start` and `end` are within what it owns.
@safe struct ByteQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var start = 0
    private var end = 0
    private var capacity = 0

    init() {}

    deinit {
        unsafe base?.deallocate()
    }

    var count: Int { end &- start }
    var isEmpty: Bool { start == end }

    /// The bytes; valid until the next change.
    var bytes: ByteSlice {
        guard let base = unsafe base else { return ByteSlice() }
        return unsafe ByteSlice(start: base + start, count: count)
    }

    mutating func append(_ bytes: ByteSlice) {
        guard let source = unsafe bytes.base, bytes.count > 0 else { return }
        let room = unsafe reserve(bytes.count)
        unsafe room.copyMemory(from: source, byteCount: bytes.count)
        end &+= bytes.count
    }

    /// Room for `extra` more bytes, to be filled and then claimed with ``commit(_:)``.
    mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
        if let base = unsafe base, capacity &- end >= extra { return unsafe base + end }
        let held = count
        let grown = max(held &+ extra, min(capacity &* 2, capacity &+ 65_536), 512)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
        if let base = unsafe base {
            unsafe memory.copyMemory(from: base + start, byteCount: held)
            unsafe base.deallocate()
        }
        unsafe base = unsafe memory
        start = 0
        end = held
        capacity = grown
        return unsafe memory + held
    }

    mutating func commit(_ added: Int) {
        precondition(added >= 0 && added <= capacity &- end)
        end &+= added
    }

    /// Forgets the first bytes; an empty queue gives its memory back.
    mutating func consume(_ taken: Int) {
        precondition(taken >= 0 && taken <= count)
        start &+= taken
        if start == end { release() }
    }

    mutating func release() {
        unsafe base?.deallocate()
        unsafe base = nil
        start = 0
        end = 0
        capacity = 0
    }
}
