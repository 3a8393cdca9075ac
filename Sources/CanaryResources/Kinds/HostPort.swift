// SPDX-License-Identifier: Apache-2.0

/// An IP address with an optional port, as people type it: `127.0.0.1`, `127.0.0.1:9081`, `::1`, `[::1]:9081`.
/// `localhost` stands for 127.0.0.1.
package struct HostPort: Hashable, Sendable {
    /// Without brackets.
    package var ip: String
    package var port: Int?

    /// `nil` where the text is no IP address, or the port is not within 1…65535.
    package init?(_ text: String) {
        let (host, portText) = Self.split(text)
        ip = host == "localhost" ? "127.0.0.1" : host
        guard IPAddress.isValid(ip) else { return nil }
        if let portText {
            guard let number = UInt16(portText), number > 0,
                portText.utf8.allSatisfy({ $0 != UInt8(ascii: "+") })
            else { return nil }
            port = Int(number)
        }
    }

    private static func split(_ text: String) -> (host: String, port: String?) {
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            return rest.isEmpty ? (host, nil) : (rest.hasPrefix(":") ? host : "", String(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (text, nil)
    }
}
