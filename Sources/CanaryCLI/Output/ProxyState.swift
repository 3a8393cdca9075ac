// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryStore

extension ProxyRecord {
    /// Whether it serves a revision of the store, on all listeners and with good certificates, and would see the next one.
    func isUpToDate(at revision: Int64) -> Bool {
        appliedRevision >= revision && staleSince == nil && problems.isEmpty && damage.isEmpty
    }

    /// Whether it accepts nothing any more: one that serves has a listener at least.
    var isDraining: Bool { listeners.isEmpty }

    /// What it does about a revision, in a few words; `nil` where the store cannot say which one there is.
    func state(at revision: Int64?) -> String {
        if isDraining { return "draining" }
        if let staleSince { return "stale since \(CalendarTime(milliseconds: staleSince).text)" }
        guard let revision else { return "revision \(appliedRevision)" }
        guard appliedRevision >= revision else { return "not yet at revision \(revision)" }
        guard !problems.isEmpty else {
            guard !damage.isEmpty else { return "up to date" }
            return damage.count == 1 ? "1 damaged object" : "\(damage.count) damaged objects"
        }
        return problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    }

    /// For whom it chooses routes: `clients in namespace "shop" with the label app=web`; `nil` where it does not tell.
    var clients: String? {
        guard !clientNamespace.isEmpty else { return nil }
        let labels = clientLabels.map { "\($0)=\($1)" }.sorted().joined(separator: ",")
        let noun = clientLabels.count == 1 ? "label" : "labels"
        return "clients in namespace \"\(clientNamespace)\""
            + (labels.isEmpty ? " without labels" : " with the \(noun) \(labels)")
    }

    /// Its problems, what it cannot read, and the endpoints that fail its health checks, as sentences that stand alone.
    var warnings: [String] {
        let failing = failing.map {
            "endpoint \($0.address) of \(HostName.short($0.host)) fails its health check: \($0.reason)"
        }
        return (problems + damage + failing).map { "proxy \(process.pid): \(TerminalText.escape($0))" }
    }
}
