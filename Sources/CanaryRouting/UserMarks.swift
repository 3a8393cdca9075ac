// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Which users of a route's sticky traffic were counted since its split is as it is, for all workers of a proxy.
///
/// The requests of a user go the same way, so that only one of them is a draw. A user is a cell of a bitmap, whatever the version:
/// where two share a cell, the first one counts and the other never does. So evidence may be lost, and is never made up; and it takes
/// 32 KiB, however many users there are.
///
/// `@safe`: the cells are allocated once, by whoever comes first, and stay as long as the object.
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

    deinit {
        guard let cells = unsafe known else { return }
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
