// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// How far a request is believed in what it says of its client.
struct ClientTrust: Equatable {
    /// It came in at a port that a Gateway or a Service opens, where nobody is believed what he says of himself.
    var isEdge = false
    /// How many proxies in front are believed; below 0 as the proxy's own settings say.
    var proxies: Int32 = -1
    /// At such a port, what becomes of `x-forwarded-client-cert`.
    var certificates = GatewayTopology.Certificates.sanitizeSet

    init() {}

    init(of listener: ListenerSpec) {
        isEdge = listener.kind != .mesh
        proxies = listener.topology?.trustedProxies ?? -1
        certificates = listener.topology?.certificates ?? .sanitizeSet
    }

    /// Whether what the client says of certificates is passed on.
    func passesCertificates(hasOwn: Bool) -> Bool {
        guard isEdge else { return true }
        return switch certificates {
        case .sanitize, .sanitizeSet: false
        case .forwardOnly, .appendForward: hasOwn
        case .alwaysForwardOnly: true
        }
    }

    /// Whether the client's own certificate is told.
    var tellsCertificate: Bool {
        !isEdge || certificates == .sanitizeSet || certificates == .appendForward
    }
}

extension KeptRequest {
    /// Takes over what proxies in front say of the client, as far as they are believed. As Envoy does with `xff_num_trusted_hops`,
    /// each of them has added the address that it saw to `x-forwarded-for`; with fewer addresses the connection's counts.
    /// `proxies` is how many are believed where `trust` does not say.
    mutating func believe(_ trust: ClientTrust, else proxies: Int) {
        self.trust = trust
        if trust.proxies < 0 { self.trust.proxies = Int32(truncatingIfNeeded: proxies) }
        guard self.trust.proxies > 0 else { return }
        if let address = forwardedAddress(from: Int(self.trust.proxies)) {
            facts.sourceAddress = address
            facts.sourcePort = 0
        }
        for index in 0..<fields.count where fields[index].known == .forwardedProto {
            let scheme = bytes[fields[index].value]
            if scheme.equalsIgnoringCase(ByteSlice("https")) { facts.scheme = ByteSlice("https") }
            if scheme.equalsIgnoringCase(ByteSlice("http")) { facts.scheme = ByteSlice("http") }
        }
    }

    /// The address that is `position`th from the end.
    private func forwardedAddress(from position: Int) -> ByteSlice? {
        var left = position
        for index in (0..<fields.count).reversed() where fields[index].known == .forwardedFor {
            var rest = bytes[fields[index].value]
            while true {
                let comma = rest.lastIndex(of: UInt8(ascii: ","))
                left -= 1
                if left == 0 {
                    let word = rest.from(comma.map { $0 + 1 } ?? 0).withoutSpaces
                    return IPAddress.isValid(word.text) ? word : nil
                }
                guard let comma else { break }
                rest = rest.slice(0, comma)
            }
        }
        return nil
    }
}

extension ByteSlice {
    /// The bytes without the spaces and tabs around them.
    fileprivate var withoutSpaces: ByteSlice {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) })
        else { return ByteSlice() }
        return slice(first, last + 1)
    }
}
