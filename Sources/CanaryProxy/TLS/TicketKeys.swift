// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryResources
import CanaryRouting

/// What session tickets are sealed with: the same for all listeners of a process, so that a change of certificates does not end
/// them. Tickets of sessions that were let in by other rules are not taken.
struct TicketKeys: Sendable {
    /// OpenSSL's name, HMAC and AES keys.
    private var keys: [UInt8]

    init?() {
        keys = [UInt8](repeating: 0, count: 80)
        guard unsafe RAND_bytes(&keys, 80) == 1 else { return nil }
    }

    func apply(to context: TLSContext) {
        var keys = keys
        _ = unsafe canary_tls_set_ticket_keys(context.pointer, &keys, Int32(keys.count))
    }

    /// Names the rules by which a server lets clients in, within this process.
    func identity(of settings: TLSServerSettings, _ trusted: Credential?) -> [UInt8] {
        var hasher = Hasher()
        hasher.combine(settings.origin)
        hasher.combine(settings.names)
        hasher.combine(settings.tls)
        hasher.combine(trusted)
        let number = UInt64(bitPattern: Int64(hasher.finalize()))
        return (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
