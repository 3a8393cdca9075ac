// SPDX-License-Identifier: Apache-2.0

/// A place in a manifest; both numbers count from 1, columns in characters. `unknown` (0:0) stands for values
/// that no manifest wrote: defaults, and objects read back from the store.
package struct Position: Hashable, Comparable, Sendable {
    package var line: UInt32
    package var column: UInt32

    package init(line: UInt32, column: UInt32) {
        self.line = line
        self.column = column
    }

    package static let unknown = Position(line: 0, column: 0)

    package var isKnown: Bool { line > 0 }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
