// SPDX-License-Identifier: Apache-2.0

package import CRE2

/// A compiled RE2 pattern, the engine and syntax of Istio and Envoy: linear time in the text.
///
/// `@unchecked Sendable`: the pattern is never changed after `init`, and RE2 allows one compiled pattern to be matched from
/// several threads at once (its lazily built automaton is guarded inside).
@safe package final class RegularExpression: @unchecked Sendable {
    package struct SyntaxError: Error, Equatable {
        /// RE2's own words: `missing ): a(b`.
        package var reason: String
    }

    /// Where a group matched, as offsets into the text; `nil` for a group that took no part.
    package typealias Group = Range<Int>?

    /// Enough for any pattern that passes validation (1,024 bytes), small enough against bombs like `((a{100}){100}){100}`.
    private static let maximumMemory = 8 << 20

    /// For use in plain memory; valid as long as this object.
    package let handle: OpaquePointer

    package init(_ pattern: String, ignoreCase: Bool = false) throws(SyntaxError) {
        var text = pattern
        var reason = ""
        let compiled: OpaquePointer? = text.withUTF8 { bytes in
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                unsafe message.initialize(repeating: 0)
                let compiled = unsafe bytes.withMemoryRebound(to: CChar.self) {
                    unsafe canary_re2_compile(
                        $0.baseAddress,
                        $0.count,
                        Self.maximumMemory,
                        ignoreCase,
                        message.baseAddress,
                        message.count
                    )
                }
                if unsafe compiled == nil, let start = message.baseAddress {
                    reason = unsafe String(cString: start)
                }
                return unsafe compiled
            }
        }
        guard let compiled = unsafe compiled else { throw SyntaxError(reason: reason) }
        unsafe handle = unsafe compiled
    }

    deinit {
        unsafe canary_re2_free(handle)
    }

    package func matchesWhole(_ text: ByteSlice) -> Bool {
        unsafe Self.matchesWhole(handle, text)
    }

    package func matchesWhole(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { unsafe Self.matchesWhole(handle, ByteSlice($0)) }
    }

    package var groupCount: Int { unsafe Int(canary_re2_group_count(handle)) }

    package static func matchesWhole(_ handle: OpaquePointer, _ text: ByteSlice) -> Bool {
        unsafe text.withCharacters { unsafe canary_re2_full_match(handle, $0, text.count) }
    }

    /// Finds the first match at or after `offset`; fills the groups, the first being the whole match.
    package static func search(
        _ handle: OpaquePointer,
        _ text: ByteSlice,
        from offset: Int,
        into groups: UnsafeMutableBufferPointer<canary_re2_group>
    ) -> Bool {
        unsafe text.withCharacters {
            unsafe canary_re2_search(handle, $0, text.count, offset, groups.baseAddress, Int32(groups.count))
        }
    }
}

extension ByteSlice {
    /// The bytes as C characters; never `nil`, so that an empty text is a text.
    fileprivate func withCharacters<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        guard let base = unsafe base else {
            return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) {
                unsafe $0.initialize(repeating: 0)
                return unsafe body(UnsafePointer($0.baseAddress.unsafelyUnwrapped))
            }
        }
        return unsafe base.withMemoryRebound(to: CChar.self, capacity: count) { unsafe body($0) }
    }
}
