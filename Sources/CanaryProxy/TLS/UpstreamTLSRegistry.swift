// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanarySystem
import Synchronization

/// What TLS to clusters is spoken with, made when it is first asked for, and what went wrong with it. Shared by the workers.
final class UpstreamTLSRegistry: Sendable {
    private struct Entry {
        var made: Result<UpstreamTLSContext, TLSProblem>
        var paths: [String]
        var contents: [Result<KeyMaterial, TLSProblem>]
    }

    private struct State {
        var entries: [UpstreamTLS: Entry] = [:]
        /// Why the last connection to a host failed, and when, by host.
        var failures: [String: (reason: String, at: Int64)] = [:]
    }

    /// More are those of tables that are gone.
    private static let most = 4096
    /// How long a failure is told of, in milliseconds.
    private static let memory: Int64 = 60_000

    private let state = Mutex(State())

    /// Why hosts can't be connected to, for people.
    var problems: [String] {
        let since = Clock.monotonicMilliseconds() - Self.memory
        return state.withLock(\.failures).filter { $0.value.at >= since }
            .map { "TLS to \($0.key): \($0.value.reason)" }.sorted()
    }

    /// The certificates that TLS to clusters was spoken with so far, or would have been.
    var records: [CertificateRecord] {
        state.withLock(\.entries).flatMap { tls, entry in
            switch entry.made {
            case .success(let context): context.records
            case .failure(let problem):
                [
                    CertificateRecord(
                        tls.settings,
                        .failed,
                        problem: "TLS to \(tls.settings.host): \(problem.text)"
                    )
                ]
            }
        }
    }

    func context(of tls: UpstreamTLS) -> UpstreamTLSContext? {
        let entry = state.withLock { state in
            if let known = state.entries[tls] { return known.made }
            if state.entries.count >= Self.most { state.entries = [:] }
            let made = Self.make(tls)
            state.entries[tls] = made
            return made.made
        }
        switch entry {
        case .success(let context): return context
        case .failure(let problem):
            note(problem.text, host: tls.settings.host)
            return nil
        }
    }

    private static func make(_ tls: UpstreamTLS) -> Entry {
        let paths = tls.settings.paths
        let files = CertificateFiles(paths)
        let made = Result { () throws(TLSProblem) in
            try UpstreamTLSContext(tls.settings, files: files)
        }
        return Entry(made: made, paths: paths, contents: files.contents(of: paths))
    }

    /// Looks whether files of certificates have changed: what they were is forgotten then.
    func lookAtFiles() {
        let looked = state.withLock { $0.entries.mapValues { ($0.paths, $0.contents) } }.filter {
            !$0.value.0.isEmpty
        }
        for (tls, (paths, contents)) in looked where CertificateFiles(paths).contents(of: paths) != contents {
            state.withLock { $0.entries[tls] = nil }
        }
    }

    // MARK: - Failures

    /// Notes why a connection failed.
    func note(_ reason: String, host: String) {
        state.withLock { $0.failures[host] = (reason, Clock.monotonicMilliseconds()) }
    }

    /// A connection to a host stands: what went wrong before is over.
    func clear(host: String) { state.withLock { $0.failures[host] = nil } }
}

extension UpstreamTLS.Settings {
    /// The files that they name.
    fileprivate var paths: [String] {
        guard credential == nil else { return [] }
        return [tls.clientCertificate, tls.privateKey, tls.caCertificates, tls.caCrl].compactMap(\.self)
    }
}
