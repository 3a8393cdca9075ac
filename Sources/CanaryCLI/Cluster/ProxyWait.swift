// SPDX-License-Identifier: Apache-2.0

import CanaryProxy
import CanarySystem
import CanaryStore

/// `--wait`: returns when every running proxy serves the new revision.
struct ProxyWait {
    let options: ChangeOptions
    let session: ClusterSession

    func wait(for result: ChangeResult) throws -> ExitStatus {
        guard let span = options.wait, let revision = result.revision else { return .success }
        // What was changed is told before the wait, however that ends.
        session.context.standardOutput.flush()
        let runtime = session.runtime
        let proxies = try runtime.liveProxies()
        if proxies.isEmpty, session.silentProxies(besides: []).isEmpty {
            session.context.standardError.writeLine(
                "warning: there is nothing to wait for: no proxy is running"
            )
            return .success
        }
        session.context.note("waiting for the running proxies to serve revision \(revision)")
        let patience = Patience(span.duration)
        let isDone = try patience.wait {
            let proxies = try session.liveProxies()
            return proxies.allSatisfy { $0.appliedRevision >= revision }
                && session.silentProxies(besides: proxies.map(\.process)).isEmpty
        }
        guard !isDone else {
            for warning in try runtime.liveProxies().flatMap(\.warnings) {
                session.context.standardError.writeLine("warning: \(warning)")
            }
            return .success
        }
        let running = try session.liveProxies()
        let late = running.filter { $0.appliedRevision < revision }.map {
            "\($0.process.pid) (at revision \($0.appliedRevision)\($0.staleText))"
        }
        let silent = session.silentProxies(besides: running.map(\.process)).map {
            "\($0.pid) (has not reported)"
        }
        let names = (late + silent).joined(separator: ", ")
        throw CommandError(
            "the change is stored as revision \(revision), but not every proxy serves it yet: \(names)",
            hint: "canaryctl proxy-status shows when they do",
            status: .timedOut
        )
    }
}

extension ClusterSession {
    /// The running proxies, at the revisions of the store as it is now.
    fileprivate func liveProxies() throws -> [ProxyRecord] {
        try read { view in try liveProxies(seenFrom: view) }
    }

    /// The running proxies at the revisions that a state of the store knows: one that serves what a restored backup has undone is
    /// at none of them, whatever its number.
    func liveProxies(seenFrom view: StoredCluster) throws -> [ProxyRecord] {
        try runtime.liveProxies().map { proxy in
            var proxy = proxy
            if try !isKnown(proxy, view.reader) { proxy.appliedRevision = 0 }
            return proxy
        }
    }

    /// Of revisions long past no commit is known any more; none of them is the present one.
    private func isKnown(_ proxy: ProxyRecord, _ reader: StoreReader?) throws -> Bool {
        guard let reader, !proxy.appliedCommit.isEmpty else { return true }
        guard let commit = try reader.commit(of: proxy.appliedRevision) else {
            return proxy.appliedRevision < reader.revision
        }
        return commit == proxy.appliedCommit
    }

    /// The addresses that fail the health checks of every proxy, as far as that is known: a change waits for no answer to this.
    var failingAddresses: Set<String> { (try? runtime.liveProxies())?.failingAddresses ?? [] }

    /// The processes of proxies that have not reported, as their sockets tell: they cannot write `runtime.db`, or only start.
    func silentProxies(besides reported: [ProcessIdentity]) -> [ProcessIdentity] {
        let known = Set(reported.map(\.pid))
        return ControlSocket.owners(in: settings.storeDirectory, besides: known).filter {
            !known.contains($0)
        }
        .compactMap(ProcessIdentity.init(of:))
    }

    /// A sentence about each of them.
    func warningsOfSilentProxies(besides proxies: [ProxyRecord]) -> [String] {
        silentProxies(besides: proxies.map(\.process)).map {
            "proxy \($0.pid) runs, but could not report yet what it serves: its log tells why"
        }
    }

    /// What is running and what it counted.
    var runtime: RuntimeStore {
        RuntimeStore(at: location) { [context] message in
            context.standardError.writeLine("warning: \(TerminalText.message(message))")
        }
    }
}

extension ProxyRecord {
    fileprivate var staleText: String {
        staleSince == nil ? "" : ", \(state(at: nil)): \(TerminalText.escape(problems.first ?? ""))"
    }
}

extension [ProxyRecord] {
    /// The addresses that fail the health checks of all of them: no request gets there.
    var failingAddresses: Set<String> {
        let failing = map { Set($0.failing.map(\.address)) }
        return failing.dropFirst().reduce(failing.first ?? []) { $0.intersection($1) }
    }
}
