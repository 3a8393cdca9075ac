// SPDX-License-Identifier: Apache-2.0

/// Leads to a value of a ``Slab``, until that is given back: whoever holds one is told when that happens, or is gone by then.
///
/// `@safe` by that rule. Debug builds hold it: each time that a slot is given back begins a new *lease*, and a pointer
/// of an older one traps. Release builds keep only the address.
@safe struct SlabPointer<Value: ~Copyable>: BitwiseCopyable, Hashable {
    #if DEBUG
        // A number, not a pointer: see ``Borrowed``.
        private let bits: UInt
        private let lease: UInt
        fileprivate var address: UnsafeMutablePointer<Value> {
            unsafe UnsafeMutablePointer(bitPattern: bits).unsafelyUnwrapped
        }
    #else
        fileprivate let address: UnsafeMutablePointer<Value>
    #endif

    /// Of the address of a slot whose value is there.
    @unsafe init(_ address: UnsafeMutablePointer<Value>) {
        #if DEBUG
            bits = UInt(bitPattern: address)
            unsafe lease = SlabLease(of: address).number
        #else
            unsafe self.address = address
        #endif
    }

    var pointee: Value {
        @inline(__always)
        unsafeAddress {
            check()
            return unsafe UnsafePointer(address)
        }
        @inline(__always)
        nonmutating unsafeMutableAddress {
            check()
            return unsafe address
        }
    }

    @inline(__always)
    static func == (left: SlabPointer, right: SlabPointer) -> Bool { unsafe left.address == right.address }

    /// For C libraries, which hold it as long as the value is there.
    @unsafe var memory: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(address) }

    func hash(into hasher: inout Hasher) { unsafe hasher.combine(address) }

    @inline(__always)
    private func check() {
        #if DEBUG
            precondition(unsafe SlabLease(of: address).number == lease, "the value was given back")
        #endif
    }

    /// Begins a new lease: no copy of this pointer may be used any more.
    @unsafe func end() -> UnsafeMutablePointer<Value> {
        check()
        #if DEBUG
            unsafe SlabLease(of: address).renew()
        #endif
        return unsafe address
    }
}

extension SlabPointer where Value: ~Copyable {
    /// Puts a value into memory of its own, until ``free()``.
    init(alone value: consuming Value) {
        let layout = SlabSlot<Value>.self
        let memory = UnsafeMutableRawPointer.allocate(byteCount: layout.stride, alignment: layout.alignment)
        let place = unsafe layout.prepare(memory)
        unsafe place.initialize(to: value)
        unsafe self.init(place)
    }

    /// Ends a value that has memory of its own. No copy of this pointer may be used any more.
    @unsafe func free() {
        let place = unsafe end()
        unsafe place.deinitialize(count: 1)
        unsafe SlabSlot<Value>.memory(of: place).deallocate()
    }
}

/// The values that an event loop knows by their ``Registration``, which is their first field: the addresses are the same.
extension SlabPointer where Value: Registered & ~Copyable {
    @inline(__always)
    var registration: SlabPointer<Registration> { unsafe rebound() }
}

extension SlabPointer<Registration> {
    /// For the kernel's memory of events, which holds it as long as the connection is not buried.
    var token: UInt64 { unsafe UInt64(UInt(bitPattern: address)) }

    /// Of a token that the kernel gave back; never 0.
    @unsafe init(token: UInt64) {
        // A token is the address of a registration that was not buried: see `EventLoop.close`.
        unsafe self.init(UnsafeMutablePointer(bitPattern: UInt(token)).unsafelyUnwrapped)
    }

    /// What this is the first field of.
    @inline(__always)
    @unsafe func owner<Owner: Registered & ~Copyable>(_: Owner.Type) -> SlabPointer<Owner> {
        unsafe rebound()
    }
}

extension SlabPointer where Value: ~Copyable {
    @inline(__always)
    @unsafe fileprivate func rebound<Other: ~Copyable>() -> SlabPointer<Other> {
        check()
        return unsafe SlabPointer<Other>(
            UnsafeMutableRawPointer(address).assumingMemoryBound(to: Other.self)
        )
    }
}

/// Its first stored property is its ``Registration``.
protocol Registered: ~Copyable {}

/// A slot of a slab: the value, and in debug builds the number of its lease before it.
enum SlabSlot<Value: ~Copyable> {
    static var alignment: Int { max(MemoryLayout<Value>.alignment, MemoryLayout<UInt>.alignment) }
    static var stride: Int { leading + (MemoryLayout<Value>.stride + alignment - 1) / alignment * alignment }

    #if DEBUG
        private static var leading: Int { max(alignment, MemoryLayout<UInt>.stride) }
    #else
        private static var leading: Int { 0 }
    #endif

    /// Makes a slot of `stride` bytes of aligned memory; where its value goes.
    @unsafe static func prepare(_ memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Value> {
        let value = unsafe memory + leading
        #if DEBUG
            unsafe SlabLease(of: value).begin()
        #endif
        return unsafe value.bindMemory(to: Value.self, capacity: 1)
    }

    /// What was prepared to hold a value.
    @unsafe static func memory(of value: UnsafeMutablePointer<Value>) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(value) - leading
    }
}

#if DEBUG
    /// How often a slot was given back, kept right before its value.
    @unsafe private struct SlabLease {
        private let place: UnsafeMutablePointer<UInt>

        init(of value: UnsafeMutableRawPointer) {
            unsafe place = (value - MemoryLayout<UInt>.stride).assumingMemoryBound(to: UInt.self)
        }

        var number: UInt { unsafe place.pointee }
        func begin() { unsafe place.initialize(to: 0) }
        func renew() { unsafe place.pointee += 1 }
    }
#endif
