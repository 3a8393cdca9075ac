// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Finds places of a manifest's text again, to show the lines that they are on.
///
/// Places that are asked for in their order are found in one pass over the text, however long its lines are.
package struct ManifestLines {
    /// A line around one of its places.
    package struct Line: Hashable, Sendable {
        package var before = ""
        package var after = ""
        /// Whether the line has more than was asked for.
        package var isCutBefore = false
        package var isCutAfter = false
    }

    private let bytes: [UInt8]
    /// Where the last place was found.
    private var line: UInt32 = 1
    private var column: UInt32 = 1
    private var lineStart = 0
    private var offset = 0

    package init(_ source: ManifestSource) {
        switch ByteOrder.utf8(source.bytes) {
        case .success(let bytes): self.bytes = bytes
        case .failure(let fault): bytes = fault.before
        }
    }

    /// What stands before and behind a position on its line, at most `reach` characters of each. Bytes that are no UTF-8
    /// are replaced; a position behind the end of its line, or of the text, stands for that end.
    package mutating func line(around position: Position, reach: Int) -> Line {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            let scan = unsafe TextScan(buffer)
            move(to: position, scan)
            var start = offset
            var left = reach
            while left > 0, start > lineStart {
                start = scan.character(before: start)
                left -= 1
            }
            var end = offset
            left = reach
            while left > 0, scan.continuesLine(at: end) {
                end = scan.character(after: end)
                left -= 1
            }
            return unsafe Line(
                before: String(decoding: buffer[start..<offset], as: UTF8.self),
                after: String(decoding: buffer[offset..<end], as: UTF8.self),
                isCutBefore: start > lineStart,
                isCutAfter: scan.continuesLine(at: end)
            )
        }
    }

    private mutating func move(to position: Position, _ scan: TextScan) {
        if position < Position(line: line, column: column) {
            (line, column, lineStart, offset) = (1, 1, 0, 0)
        }
        if line < position.line {
            lineStart = scan.line(Int(position.line - line), after: lineStart)
            (line, column, offset) = (position.line, 1, lineStart)
        }
        while column < position.column, scan.continuesLine(at: offset) {
            offset = scan.character(after: offset)
            column += 1
        }
    }
}

extension TextScan {
    fileprivate func continuesLine(at index: Int) -> Bool {
        unsafe index < bytes.count && lineBreak(at: index) == 0
    }

    /// Where the character after the one at `index` begins.
    fileprivate func character(after index: Int) -> Int {
        var index = index + 1
        while unsafe index < bytes.count, unsafe bytes[index] & 0xc0 == 0x80 { index += 1 }
        return index
    }

    /// Where the character before `index` begins.
    fileprivate func character(before index: Int) -> Int {
        var index = index - 1
        while index > 0, unsafe bytes[index] & 0xc0 == 0x80 { index -= 1 }
        return index
    }
}
