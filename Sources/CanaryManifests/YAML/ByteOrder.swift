// SPDX-License-Identifier: Apache-2.0

/// Turns what a file's byte order mark says into plain UTF-8.
enum ByteOrder {
    /// UTF-8 without a mark; `nil` where the text says it is UTF-16 and is not, with the place of the fault.
    ///
    /// UTF-16 is read only with its mark, as libyaml does.
    static func utf8(_ bytes: [UInt8]) -> Result<[UInt8], Fault> {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return .success(Array(bytes.dropFirst(3))) }
        if bytes.starts(with: [0xff, 0xfe]) { return utf16(bytes, high: 1) }
        if bytes.starts(with: [0xfe, 0xff]) { return utf16(bytes, high: 0) }
        return .success(bytes)
    }

    /// A text that breaks off or has half a character; what stands before it.
    struct Fault: Error {
        var before: [UInt8]
    }

    private static func utf16(_ bytes: [UInt8], high: Int) -> Result<[UInt8], Fault> {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var index = 2
        while index + 1 < bytes.count {
            units.append(UInt16(bytes[index + high]) << 8 | UInt16(bytes[index + 1 - high]))
            index += 2
        }
        var text: [UInt8] = []
        text.reserveCapacity(units.count)
        let isValid = !transcode(
            units.makeIterator(),
            from: UTF16.self,
            to: UTF8.self,
            stoppingOnError: true
        ) { text.append($0) }
        return isValid && bytes.count % 2 == 0 ? .success(text) : .failure(Fault(before: text))
    }
}
