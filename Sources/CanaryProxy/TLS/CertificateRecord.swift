// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// What pages tell of a certificate in use, or of one that should be.
struct CertificateRecord: Sendable {
    enum Kind: String, Sendable {
        /// The proxy's own, with its key.
        case chain = "Cert Chain"
        /// Of those who are believed.
        case authority = "CA"
    }

    enum State: String, Sendable {
        case active = "ACTIVE"
        /// What came since can't be used: it is the one before.
        case lastGood = "LAST GOOD"
        /// There is none to be used.
        case failed = "FAILED"
    }

    /// Where it is from: a Secret as `namespace/name`, or a file's path; empty where nothing is named.
    var name: String
    var kind: Kind
    /// Who uses it: `Gateway default/web`, `host api.example.com`.
    var user: String
    /// What clients ask for, of a Gateway's.
    var serverNames: [String] = []
    var state: State
    /// What is wrong, for people; `nil` where nothing is.
    var problem: String?
    /// `nil` where there is none.
    var facts: CertificateFacts?
}

extension TLSRegistry {
    /// The certificates of all servers that end TLS.
    var records: [CertificateRecord] {
        standings.filter(\.settings.tls.mode.terminates).flatMap { standing in
            let server = standing.server
            let settings = server?.settings ?? standing.settings
            var record = CertificateRecord(
                name: "",
                kind: .chain,
                user: "Gateway \(settings.origin)",
                serverNames: settings.names,
                state: !standing.isOutdated ? .active : server == nil ? .failed : .lastGood,
                problem: standing.problem
            )
            let facts = server?.context?.certificateFacts ?? []
            let own = settings.credentials.isEmpty ? [""] : settings.credentials.map(\.name)
            let chains = own.enumerated().map { index, name in
                record.name = name
                record.facts = facts.indices.contains(index) ? facts[index] : nil
                return record
            }
            record.kind = .authority
            record.name = settings.authorityName
            return chains
                + (server?.context?.authorityFacts ?? []).map { facts in
                    record.facts = facts
                    return record
                }
        }
    }
}

extension UpstreamTLSContext {
    /// The certificates that it speaks TLS with.
    var records: [CertificateRecord] {
        var record = CertificateRecord(settings, .active)
        let chains = certificateFacts.map { facts in
            record.name = settings.certificateName
            record.facts = facts
            return record
        }
        record.kind = .authority
        record.name = settings.authorityName
        return chains
            + authorityFacts.map { facts in
                record.facts = facts
                return record
            }
    }
}

extension CertificateRecord {
    /// Of TLS to a host.
    init(_ settings: UpstreamTLS.Settings, _ state: State, problem: String? = nil) {
        self.init(
            name: settings.certificateName,
            kind: settings.tls.mode == .mutual ? .chain : .authority,
            user: "host \(settings.host)",
            state: state,
            problem: problem
        )
    }
}

extension TLSCredential {
    fileprivate var name: String {
        switch self {
        case .secret(let name, _): name
        case .files(let files): files.certificate
        }
    }

    fileprivate var holdsAuthorities: Bool {
        guard case .secret(_, .some(let found)) = self else { return false }
        return found.authorities != nil
    }
}

extension TLSServerSettings {
    fileprivate var authorityName: String {
        let source = authorities ?? credentials.first
        return source.flatMap { $0.holdsAuthorities ? $0.name : nil } ?? tls.caCertificates ?? ""
    }
}

extension UpstreamTLS.Settings {
    fileprivate var certificateName: String { credential?.name ?? tls.clientCertificate ?? authorityName }
    fileprivate var authorityName: String { credential?.name ?? tls.caCertificates ?? "" }
}
