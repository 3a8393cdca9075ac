// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Zeroed memory that the proxies of a store have in common.
package protocol MarkMemory: Sendable {
    /// - Parameter name: the same for all that mean the same.
    /// - Returns: `nil` where it cannot be had.
    func place(named name: String, bytes: Int) -> (any MarkPlace)?
}

/// Stays where it is as long as the object.
package protocol MarkPlace: AnyObject, Sendable {
    /// `@unsafe`: valid as long as the object.
    @unsafe var bytes: UnsafeMutableRawPointer? { get }
}

/// Which users of a route's sticky traffic were counted since its split is as it is, for all workers of a proxy, and where it has
/// ``MarkMemory`` for all proxies.
///
/// The requests of a user go the same way, so that only one of them is a draw. A user is a cell of a bitmap, whatever the version:
/// where two share a cell, the first one counts and the other never does. So evidence may be lost, and is never made up; and it takes
/// 32 KiB, however many users there are.
///
/// `@safe`: the cells are allocated once, or had from the memory in common, by whoever comes first, and stay as long as the object.
@safe package final class UserMarks: Sendable {
    package enum Mark: Int, Sendable {
        /// A request of the user was assigned.
        case seen
        /// A request of the user failed.
        case failed
    }

    private typealias Cells = UnsafeMutablePointer<Atomic<UInt64>>

    /// Users that count at most.
    static let capacity = 1 << 17
    private static let wordsPerMark = capacity / 64
    private static let wordCount = 2 * wordsPerMark

    private let cells = Atomic<UInt>(0)
    private let name: String
    private let memory: (any MarkMemory)?
    /// Has the cells, if they are in common.
    private let place = Mutex<(any MarkPlace)?>(nil)

    /// - Parameters:
    ///   - name: the same for the same route in the same epoch.
    ///   - memory: where others have their marks too; else they are the proxy's own.
    package init(name: String = "", memory: (any MarkMemory)? = nil) {
        (self.name, self.memory) = (name, memory)
    }

    deinit {
        guard place.withLock({ $0 == nil }), let cells = unsafe known else { return }
        unsafe cells.deinitialize(count: Self.wordCount)
        unsafe cells.deallocate()
    }

    /// Marks a user; `false` if that was done before.
    package func mark(_ user: UInt64, as mark: Mark) -> Bool {
        let (word, bit) = Self.place(user, mark)
        let cells = unsafe known ?? make()
        // Mostly it was done before, and nothing needs to be written.
        guard unsafe cells[word].load(ordering: .relaxed) & bit == 0 else { return false }
        return unsafe cells[word].bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
    }

    package func has(_ user: UInt64, _ mark: Mark) -> Bool {
        let (word, bit) = Self.place(user, mark)
        return unsafe known.map { unsafe $0[word].load(ordering: .relaxed) & bit != 0 } ?? false
    }

    /// By the lower bits of the hash: the upper ones have chosen the version.
    private static func place(_ user: UInt64, _ mark: Mark) -> (word: Int, bit: UInt64) {
        let cell = Int(truncatingIfNeeded: user) & (capacity - 1)
        return (mark.rawValue * wordsPerMark + cell / 64, 1 << UInt64(cell % 64))
    }

    private var known: Cells? {
        unsafe UnsafeMutablePointer(bitPattern: cells.load(ordering: .acquiring))
    }

    private func make() -> Cells {
        if let shared = unsafe makeShared() { return unsafe shared }
        let made = Cells.allocate(capacity: Self.wordCount)
        for word in 0..<Self.wordCount { unsafe (made + word).initialize(to: Atomic(0)) }
        let (isFirst, others) = cells.compareExchange(
            expected: 0,
            desired: UInt(bitPattern: made),
            ordering: .acquiringAndReleasing
        )
        guard !isFirst, let others = unsafe Cells(bitPattern: others) else { return unsafe made }
        unsafe made.deinitialize(count: Self.wordCount)
        unsafe made.deallocate()
        return unsafe others
    }

    /// `nil` where there is no memory in common.
    private func makeShared() -> Cells? {
        guard let memory else { return nil }
        return unsafe place.withLock { place in
            // Another worker may have come first, also without getting any.
            if let known = unsafe known { return unsafe known }
            guard
                let made = memory.place(
                    named: name,
                    bytes: Self.wordCount * MemoryLayout<Atomic<UInt64>>.stride
                ), let bytes = unsafe made.bytes
            else { return nil }
            // Zeros are words that are 0.
            let cells = unsafe bytes.bindMemory(to: Atomic<UInt64>.self, capacity: Self.wordCount)
            place = made
            self.cells.store(UInt(bitPattern: cells), ordering: .releasing)
            return unsafe cells
        }
    }
}

/// The ``UserMarks`` of a route, as the request path reaches them.
///
/// `@safe`: valid while the table of the route is kept, whose arena leases the marks.
@safe package struct CountedUsers: BitwiseCopyable {
    private let marks: Unmanaged<UserMarks>

    init(_ marks: UserMarks) {
        unsafe self.marks = unsafe Unmanaged.passUnretained(marks)
    }

    /// Marks a user; `false` if that was done before. One without hash is nobody that was seen before.
    package func mark(_ user: UInt64?, as mark: UserMarks.Mark) -> Bool {
        guard let user else { return true }
        return unsafe marks._withUnsafeGuaranteedRef { $0.mark(user, as: mark) }
    }

    package func has(_ user: UInt64?, _ mark: UserMarks.Mark) -> Bool {
        guard let user else { return false }
        return unsafe marks._withUnsafeGuaranteedRef { $0.has(user, mark) }
    }
}
