// SPDX-License-Identifier: Apache-2.0

/// What the proxy counted, and where it listens, for those who report it.
extension Proxy {
    /// What was counted since the last report that was confirmed. For one thread at a time, which confirms it before it asks
    /// again, or asks again to get the same and more.
    package func evidence() -> EvidenceReport { shared.book.report() }

    package func confirm(_ report: EvidenceReport) { shared.book.confirm(report) }

    /// Has the next report hold everything, because what was written is gone.
    package func repeatEvidence() { shared.book.repeatAll() }

    /// The addresses of the listeners that are open now, those that tables asked for included.
    package var listenerAddresses: [String] {
        let publication = shared.publication()
        return publication.isDraining ? [] : publication.listeners.map(\.address.text)
    }
}
