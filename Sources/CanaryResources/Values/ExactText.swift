// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether two texts are the same bytes. Swift's `==` takes texts for equal that look alike, such as an "é" of one scalar and
    /// one of two; for Kubernetes, Istio and everybody who compares keys, they are different.
    package func hasSameBytes(as other: String) -> Bool {
        // Texts that do not even look alike, and most that do, are settled without a look at each byte.
        utf8.count == other.utf8.count && self == other && utf8.elementsEqual(other.utf8)
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
