// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The protocols that are spoken within TLS (RFC 7301).
enum ALPN {
    /// What of a client's list is taken: HTTP/2 before HTTP/1.1; `nil` where it has neither.
    static func choose(among offer: ByteSlice) -> ByteRange? {
        find("h2", in: offer) ?? find("http/1.1", in: offer)
    }

    private static func find(_ name: StaticString, in offer: ByteSlice) -> ByteRange? {
        var start = 0
        while start < offer.count {
            let end = start + 1 + Int(offer[start])
            guard end <= offer.count else { return nil }
            if offer.slice(start + 1, end).equals(ByteSlice(name)) { return ByteRange(start + 1, end) }
            start = end
        }
        return nil
    }
}
