// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What has to be known about the bytes of a text before, or after, libyaml reads them.
///
/// `@safe`: whoever makes one keeps the bytes meanwhile, and no index is used that was not compared with their count.
@safe struct TextScan {
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.bytes = unsafe bytes
    }

    /// Why a byte cannot stand in a manifest.
    enum Flaw {
        case notUTF8(UInt8)
        case control(UInt32)
    }

    // MARK: - Characters

    /// The first byte from `start` on that is not UTF-8, or that begins a character that YAML does not allow.
    func firstFlaw(from start: Int) -> (offset: Int, flaw: Flaw)? {
        var index = start
        while unsafe index < bytes.count {
            let byte = unsafe bytes[index]
            if byte >= 0x20 && byte < 0x7f || byte == 0x0a || byte == 0x0d || byte == 0x09 {
                index += 1
                continue
            }
            guard byte >= 0x80 else { return (index, .control(UInt32(byte))) }
            guard let (code, length) = character(at: index) else { return (index, .notUTF8(byte)) }
            switch code {
            case 0x80..<0x85, 0x86..<0xa0, 0xfeff, 0xfffe, 0xffff: return (index, .control(code))
            default: index += length
            }
        }
        return nil
    }

    private func character(at index: Int) -> (code: UInt32, length: Int)? {
        let lead = unsafe bytes[index]
        let length: Int
        var code: UInt32
        switch lead {
        case 0xc2..<0xe0: (length, code) = (2, UInt32(lead & 0x1f))
        case 0xe0..<0xf0: (length, code) = (3, UInt32(lead & 0x0f))
        case 0xf0..<0xf5: (length, code) = (4, UInt32(lead & 0x07))
        default: return nil
        }
        guard unsafe index + length <= bytes.count else { return nil }
        for place in (index + 1)..<(index + length) {
            let byte = unsafe bytes[place]
            guard byte & 0xc0 == 0x80 else { return nil }
            code = code << 6 | UInt32(byte & 0x3f)
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard code >= smallest, Unicode.Scalar(code) != nil else { return nil }
        return (code, length)
    }

    // MARK: - Lines

    /// The length of the line break at a place, 0 if there is none. libyaml also breaks at U+0085, U+2028 and U+2029.
    func lineBreak(at index: Int) -> Int {
        switch unsafe bytes[index] {
        case 0x0a: return 1
        case 0x0d: return unsafe index + 1 < bytes.count && bytes[index + 1] == 0x0a ? 2 : 1
        case 0xc2: return unsafe index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
        case 0xe2:
            guard unsafe index + 2 < bytes.count, unsafe bytes[index + 1] == 0x80 else { return 0 }
            return unsafe bytes[index + 2] == 0xa8 || bytes[index + 2] == 0xa9 ? 3 : 0
        default: return 0
        }
    }

    /// Where the line after the one that holds `index` begins; the end of the text if there is none.
    func nextLine(after index: Int) -> Int {
        var index = index
        while unsafe index < bytes.count {
            let length = lineBreak(at: index)
            if length > 0 { return index + length }
            index += 1
        }
        return unsafe bytes.count
    }

    /// Where the `count`-th line after the one that begins at `start` begins.
    func line(_ count: Int, after start: Int) -> Int {
        var index = start
        for _ in 0..<max(count, 0) where unsafe index < bytes.count { index = nextLine(after: index) }
        return index
    }

    /// How many lines lie between two places.
    func lines(from start: Int, to end: Int) -> Int {
        var count = 0
        var index = start
        while index < end {
            let length = lineBreak(at: index)
            if length > 0, index + length <= end { count += 1 }
            index += max(length, 1)
        }
        return count
    }

    /// The column, from 0, of a byte on the line that begins at `start`.
    func column(of index: Int, onLineAt start: Int) -> Int {
        unsafe bytes[start..<index].count { $0 & 0xc0 != 0x80 }
    }

    /// Where a column, from 0, is on the line that begins at `start`.
    func offset(ofColumn column: Int, onLineAt start: Int) -> Int {
        var index = start
        for _ in 0..<column where unsafe index < bytes.count {
            index += 1
            while unsafe index < bytes.count, unsafe bytes[index] & 0xc0 == 0x80 { index += 1 }
        }
        return index
    }

    /// The text of the line that begins at `start`, 200 bytes of it at most, without its break.
    func text(ofLineAt start: Int) -> String {
        guard unsafe start < bytes.count else { return "" }
        let line = unsafe bytes[start...].prefix(200).prefix { $0 != 0x0a && $0 != 0x0d }
        return unsafe String(decoding: line, as: UTF8.self)
    }

    // MARK: - Documents

    /// Whether a line that begins a document is here: `---` and then nothing, or space.
    func startsDocument(at index: Int) -> Bool {
        guard unsafe index + 3 <= bytes.count,
            unsafe bytes[index..<index + 3].allSatisfy({ $0 == UInt8(ascii: "-") })
        else {
            return false
        }
        return unsafe index + 3 == bytes.count || [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index + 3])
    }

    /// The first `---` line at or behind `index`, which must be where a line begins; the end of the text if none.
    func documentStart(from index: Int) -> Int {
        var index = index
        while unsafe index < bytes.count, !startsDocument(at: index) { index = nextLine(after: index) }
        return index
    }

    /// The last `---` line at or before the line that holds `place`, but not before `start`.
    func documentStart(before place: Int, notBefore start: Int) -> Int {
        var index = start
        var found = start
        while index <= place, unsafe index < bytes.count {
            if startsDocument(at: index) { found = index }
            index = nextLine(after: index)
        }
        return found
    }
}
