// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Where a worker receives what it uses at once.
///
/// `@safe`: it keeps its memory. The address sanitizer takes that for freed while nothing that was received is being handled.
@safe struct Scratch: ~Copyable {
    static let size = 65_536

    let base: UnsafeMutableRawPointer

    init() { unsafe base = .allocate(byteCount: Self.size, alignment: 64) }

    deinit {
        unsafe canary_unpoison(base, Self.size)
        unsafe base.deallocate()
    }

    func open() { unsafe canary_unpoison(base, Self.size) }
    func close() { unsafe canary_poison(base, Self.size) }
}
