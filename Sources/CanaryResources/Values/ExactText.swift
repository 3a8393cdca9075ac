// SPDX-License-Identifier: Apache-2.0

import Glibc

extension String {
    /// Whether two texts are the same bytes. Swift's `==` takes texts for equal that look alike, such as an "é" of one scalar and
    /// one of two; for Kubernetes, Istio and everybody who compares keys, they are different.
    package func hasSameBytes(as other: String) -> Bool {
        // Texts that do not even look alike are settled without a look at each byte.
        let (own, others) = (utf8, other.utf8)
        guard own.count == others.count, self == other else { return false }
        let isSame = unsafe own.withContiguousStorageIfAvailable { left in
            unsafe others.withContiguousStorageIfAvailable { right in
                // Empty texts may lie nowhere.
                guard let left = left.baseAddress, let right = right.baseAddress else { return true }
                return unsafe memcmp(left, right, own.count) == 0
            }
        }
        return isSame.flatMap(\.self) ?? own.elementsEqual(others)
    }
}

/// A text as a key of sets and dictionaries, compared byte by byte. Swift's hashes fit: equal bytes look alike.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }
}
