// SPDX-License-Identifier: Apache-2.0

/// An address of HTTP as RFC 3986 has them, without user and fragment: `http://host:9090/path?query`, `https://[::1]/`.
package struct HTTPURL: Hashable, Sendable {
    package let isSecure: Bool
    /// A name or an address, without brackets.
    package let host: String
    package let port: UInt16
    /// Path and query; it begins with a slash.
    package private(set) var target: String

    package init?(_ text: String) {
        guard let (isSecure, rest) = Self.scheme(text) else { return nil }
        self.isSecure = isSecure
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard !rest.contains("#"), let (host, port) = Self.authority(rest[..<end]) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        let target = rest[end...]
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        self.target = target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    private static func scheme(_ text: String) -> (isSecure: Bool, rest: Substring)? {
        for (prefix, isSecure) in [("http://", false), ("https://", true)] where text.hasPrefix(prefix) {
            return (isSecure, text.dropFirst(prefix.count))
        }
        return nil
    }

    private static func authority(_ text: Substring) -> (host: String, port: UInt16?)? {
        var (host, rest) = (text, Substring())
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
            guard IPAddress.isVersion6(String(host)) else { return nil }
        } else {
            if let colon = text.firstIndex(of: ":") { (host, rest) = (text[..<colon], text[colon...]) }
            guard !host.isEmpty, host.utf8.allSatisfy(isHostByte) else { return nil }
        }
        if rest.isEmpty { return (String(host), nil) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return (String(host), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// `127.0.0.1:9090`, `[::1]:9090`.
    package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// The same place with a path behind its own, which is taken for a directory.
    package func appending(path: String, query: [(String, String)] = []) -> HTTPURL {
        var url = self
        let parts = query.map { "\($0)=\(Self.encoded($1))" }
        let directory = target.prefix { $0 != "?" }
        url.target = (directory.hasSuffix("/") ? String(directory.dropLast()) : String(directory)) + path
        if !parts.isEmpty { url.target += "?" + parts.joined(separator: "&") }
        return url
    }

    /// All but the unreserved characters as `%XX`.
    package static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = isHostByte(byte) || byte == UInt8(ascii: "~")
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%\(digits.count == 1 ? "0" : "")\(digits)"
        }.joined()
    }
}

extension HTTPURL: CustomStringConvertible {
    package var description: String { "http\(isSecure ? "s" : "")://\(authority)\(target)" }
}
