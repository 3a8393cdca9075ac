// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryMesh
import CanaryResources
import CanaryRouting

/// What session tickets are sealed with: the same for all listeners of a process, so that a change of certificates does not end
/// them. Tickets of sessions that were let in by other rules are not taken.
struct TicketKeys: Sendable {
    /// OpenSSL's name, HMAC and AES keys.
    private let keys: KeyMaterial
    static let count = 80

    init?() {
        var bytes = [UInt8](repeating: 0, count: Self.count)
        guard unsafe RAND_bytes(&bytes, Int32(bytes.count)) == 1 else { return nil }
        self.init(taking: &bytes)
    }

    /// Those of the process before; zeros are left of the bytes.
    init?(taking bytes: inout [UInt8]) {
        guard bytes.count == Self.count else { return nil }
        keys = KeyMaterial(bytes)
        unsafe OPENSSL_cleanse(&bytes, bytes.count)
    }

    /// Lends a copy, for the process that comes after.
    func withBytes<Result>(_ body: ([UInt8]) -> Result) -> Result {
        var bytes = unsafe keys.withBytes { unsafe [UInt8]($0) }
        defer { unsafe OPENSSL_cleanse(&bytes, bytes.count) }
        return body(bytes)
    }

    func apply(to context: TLSContext) {
        withBytes { bytes in
            var bytes = bytes
            _ = unsafe canary_tls_set_ticket_keys(context.pointer, &bytes, Int32(bytes.count))
            unsafe OPENSSL_cleanse(&bytes, bytes.count)
        }
    }

    /// Names the rules by which a server lets clients in, among all who have these keys.
    func identity(of settings: TLSServerSettings, _ trusted: Credential?) -> [UInt8] {
        var hash = SipHash24(key: SipHash24.Key(k0: 0, k1: 0))
        // Hosts and origins have no line breaks, and what is trusted begins with its length.
        for text in [settings.origin] + settings.names + ["\(settings.tls)"] { hash.update("\(text)\n") }
        for material in [trusted?.authorities, trusted?.revoked] {
            guard let material else {
                hash.update("none\n")
                continue
            }
            // Certificates, no secrets.
            let bytes = unsafe material.withBytes { unsafe [UInt8]($0) }
            hash.update("\(bytes.count)\n")
            for byte in bytes { hash.update(byte) }
        }
        let number = hash.finish()
        return (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
