// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import CanaryMesh
import CanaryResources
import CanaryRouting

/// A server of a listener with TLS: which names it takes, and what it does with who asks for one.
final class TLSServer: Sendable {
    let settings: TLSServerSettings
    /// `nil` where connections are passed on as they are.
    let context: TLSContext?
    private let names: ServerNames
    /// What a client's certificate has to be, if anything.
    let peers: PeerRequirement

    init(_ settings: TLSServerSettings, _ tickets: TicketKeys, files: CertificateFiles)
        throws(TLSProblem)
    {
        self.settings = settings
        names = ServerNames(settings.names)
        peers = PeerRequirement(settings.tls)
        guard settings.tls.mode.terminates else {
            context = nil
            return
        }
        let context = try TLSContext(isServer: true)
        try context.setVersions(settings.tls.minVersion, settings.tls.maxVersion)
        try context.setCipherSuites(settings.tls.cipherSuites)
        guard !settings.credentials.isEmpty else {
            throw TLSProblem("neither credentialName nor files are given")
        }
        for credential in settings.credentials {
            let found = try files.credential(credential)
            do throws(TLSProblem) {
                try context.add(chain: found.certificate, key: found.key)
            } catch {
                throw TLSProblem("\(credential.description): \(error.text)")
            }
        }
        let trusted =
            settings.tls.mode == .simple ? nil : try Self.askForCertificates(context, settings, files)
        context.setIdentity(tickets.identity(of: settings, trusted))
        if settings.isHTTP { Self.offerProtocols(context) }
        self.context = context
    }

    /// Has clients show certificates of those whom the credential names, or a Secret or a file beside it.
    private static func askForCertificates(
        _ context: TLSContext,
        _ settings: TLSServerSettings,
        _ files: CertificateFiles
    ) throws(TLSProblem) -> Credential {
        let source = settings.authorities ?? settings.credentials.first
        var trusted = try source.map(files.credential) ?? Credential()
        if trusted.authorities == nil {
            trusted.authorities = try settings.tls.caCertificates.map(files.read)
        }
        if trusted.revoked == nil { trusted.revoked = try settings.tls.caCrl.map(files.read) }
        do throws(TLSProblem) {
            try context.trust(trusted.authorities, revoked: trusted.revoked, namesThem: true)
        } catch {
            throw TLSProblem(source.map { "\($0.description): \(error.text)" } ?? error.text)
        }
        let strictly = settings.tls.mode == .mutual ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER | strictly, nil)
        return trusted
    }

    /// HTTP/2 before HTTP/1.1, as Istio's gateways.
    private static func offerProtocols(_ context: TLSContext) {
        unsafe SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, chosen, chosenCount, offered, count, _ in
                let offer = unsafe ByteSlice(base: offered, count: Int(count))
                guard let place = ALPN.choose(among: offer) else { return SSL_TLSEXT_ERR_NOACK }
                let name = offer.slice(place.lower, place.upper)
                unsafe chosen?.pointee = unsafe name.base
                unsafe chosenCount?.pointee = UInt8(name.count)
                return SSL_TLSEXT_ERR_OK
            },
            nil
        )
    }

    /// How well the server's names fit one that a client asks for, in lower case; `nil` where none does.
    func closeness(to name: ByteSlice) -> Int? { names.closeness(to: name) }
}
