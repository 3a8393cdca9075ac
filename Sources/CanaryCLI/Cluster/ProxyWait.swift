// SPDX-License-Identifier: Apache-2.0

import CanaryModel
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
        if try runtime.liveProxies().isEmpty {
            session.context.standardError.writeLine(
                "warning: there is nothing to wait for: no proxy is running"
            )
            return .success
        }
        session.context.note("waiting for the running proxies to serve revision \(revision)")
        let patience = Patience(span.duration)
        let isDone = try patience.wait {
            try runtime.liveProxies().allSatisfy { $0.appliedRevision >= revision }
        }
        guard !isDone else {
            for warning in try runtime.liveProxies().flatMap(\.warnings) {
                session.context.standardError.writeLine("warning: \(warning)")
            }
            return .success
        }
        let late = try runtime.liveProxies().filter { $0.appliedRevision < revision }
        let names = late.map { "\($0.process.pid) (at revision \($0.appliedRevision)\($0.staleText))" }
            .joined(
                separator: ", "
            )
        throw CommandError(
            "the change is stored as revision \(revision), but not every proxy serves it yet: \(names)",
            hint: "canaryctl proxy-status shows when they do",
            status: .timedOut
        )
    }
}

extension ClusterSession {
    /// What is running and what it counted.
    var runtime: RuntimeStore {
        RuntimeStore(at: location) { [context] message in
            context.standardError.writeLine("warning: \(TerminalText.escape(message))")
        }
    }
}

extension ProxyRecord {
    fileprivate var staleText: String {
        staleSince == nil ? "" : ", \(state(at: nil)): \(TerminalText.escape(problems.first ?? ""))"
    }
}
