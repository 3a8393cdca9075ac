// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Istio's default path normalisation, `BASE` (Envoy's `normalize_path`): backslashes become slashes, escaped unreserved
/// characters (RFC 3986, 2.3) are unescaped, dot segments are removed (5.2.4).
///
/// Escaped slashes stay as they are, and double slashes are not merged. Unlike Envoy it never escapes what a client sent raw.
package enum PathNormalization {
    /// Normalises a path (without query) in place; the result is never longer. Returns the new length, or `nil` for a path
    /// that must be refused with 400: one that holds an escaped NUL. A path that does not begin with a slash (`*`) stays as it is.
    package static func normalize(_ path: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        guard unsafe needsWork(path) else { return path.count }
        guard let count = unsafe unescape(path) else { return nil }
        return unsafe removeDotSegments(UnsafeMutableBufferPointer(rebasing: path[..<count]))
    }

    private static func needsWork(_ path: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        guard unsafe path.first == UInt8(ascii: "/") else { return false }
        var previous: UInt8 = 0
        for index in path.indices {
            let byte = unsafe path[index]
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\\") { return true }
            if byte == UInt8(ascii: "."), previous == UInt8(ascii: "/") { return true }
            previous = byte
        }
        return false
    }

    private static func unescape(_ path: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        var read = 0
        var write = 0
        while read < path.count {
            var byte = unsafe path[read]
            var length = 1
            if byte == UInt8(ascii: "\\") {
                byte = UInt8(ascii: "/")
            } else if byte == UInt8(ascii: "%"), let escaped = unsafe escapedByte(path, at: read) {
                guard escaped != 0 else { return nil }
                if isUnreserved(escaped) {
                    byte = escaped
                    length = 3
                }
            }
            unsafe path[write] = byte
            write += 1
            read += length
        }
        return write
    }

    private static func removeDotSegments(_ path: UnsafeMutableBufferPointer<UInt8>) -> Int {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        var read = 0
        var write = 0
        while read < path.count {
            var end = read + 1
            while end < path.count, unsafe path[end] != slash { end += 1 }
            let length = end - read - 1
            let isDot = unsafe length == 1 && path[read + 1] == dot
            let isDoubleDot = unsafe length == 2 && path[read + 1] == dot && path[read + 2] == dot
            if isDoubleDot {
                while write > 0 {
                    write -= 1
                    if unsafe path[write] == slash { break }
                }
            }
            if isDot || isDoubleDot {
                if end == path.count {
                    unsafe path[write] = slash
                    write += 1
                }
            } else {
                for index in read..<end {
                    unsafe path[write] = unsafe path[index]
                    write += 1
                }
            }
            read = end
        }
        return write
    }

    /// The byte that `%XX` at an index stands for; `nil` where it is no escape.
    private static func escapedByte(_ path: UnsafeMutableBufferPointer<UInt8>, at index: Int) -> UInt8? {
        guard index + 2 < path.count, let high = unsafe hexDigit(path[index + 1]),
            let low = unsafe hexDigit(path[index + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch ByteSlice.lowercased(byte) {
        case let digit where digit &- UInt8(ascii: "0") < 10: digit &- UInt8(ascii: "0")
        case let letter where letter &- UInt8(ascii: "a") < 6: letter &- UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
