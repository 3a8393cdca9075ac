// SPDX-License-Identifier: Apache-2.0

/// Reads a request's authority: `helloworld`, `helloworld:80`, `10.0.0.1:80`, `[::1]:80`.
package enum Authority {
    /// Host, with the brackets of an IPv6 address, and port; the port is -1 where there is none, or no number.
    package static func split(_ authority: ByteSlice) -> (host: ByteSlice, port: Int32) {
        var index = authority.count
        while index > 0 {
            index -= 1
            let byte = authority[index]
            if byte == UInt8(ascii: ":") {
                guard let port = authority.from(index + 1).decimal else { break }
                let host = authority.slice(0, index)
                // More colons without brackets: an IPv6 address, which has no port.
                let isBare = host.firstIndex(of: UInt8(ascii: ":")) != nil
                if isBare, host[0] != UInt8(ascii: "[") { break }
                return (host, port)
            }
            guard byte &- UInt8(ascii: "0") < 10 else { break }
        }
        return (authority, -1)
    }
}
