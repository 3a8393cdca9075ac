// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
package import CanaryResources

/// A proxy as it reports about itself.
package struct ProxyRecord: Hashable, Sendable {
    /// An endpoint that fails a proxy's health checks.
    package struct FailingEndpoint: Hashable, Sendable {
        /// The full name of the Service that asks for the checks.
        package var host: String
        /// `10.0.0.1:80`
        package var address: String
        package var reason: String

        package init(host: String, address: String, reason: String) {
            self.host = host
            self.address = address
            self.reason = reason
        }

        /// Reads a line of the database.
        init?(line: Substring) {
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            self.init(host: String(parts[0]), address: String(parts[1]), reason: String(parts[2]))
        }

        var line: String { "\(host)\t\(address)\t\(reason.replacing("\n", with: " "))" }
    }

    /// Unique among all proxies that ever ran on the store.
    package var id: String
    package var process: ProcessIdentity
    /// Milliseconds since 1970, UTC.
    package var startedAt: Int64
    /// The version of canaryctl that runs.
    package var version: String
    /// The address of the admin interface, `127.0.0.1:15000`.
    package var admin: String?
    /// The addresses that traffic is accepted on.
    package var listeners: [String]
    /// The store's revision that all of the proxy serves; 0 before its first table.
    package var appliedRevision: Int64
    /// The id of that revision's commit: revisions come again where a backup is restored. Empty before the first table.
    package var appliedCommit: String
    /// Since when it cannot read the store: milliseconds since 1970, UTC.
    package var staleSince: Int64?
    /// What is not as it was asked for, such as a listener that could not be opened: a sentence each.
    package var problems: [String]
    /// What of the store it cannot read: a sentence each.
    package var damage: [String]
    /// The endpoints that fail its health checks.
    package var failing: [FailingEndpoint]
    /// The namespace that its clients are in; empty where the proxy does not tell.
    package var clientNamespace: String
    /// The labels of its clients, for `sourceLabels`.
    package var clientLabels: [String: String]
    /// When it last reported: milliseconds since 1970, UTC. ``RuntimeStore/report(_:writing:settling:)`` sets it.
    package var heartbeat: Int64

    package init(
        id: String,
        process: ProcessIdentity,
        startedAt: Int64,
        version: String,
        admin: String?,
        listeners: [String],
        appliedRevision: Int64 = 0,
        appliedCommit: String = "",
        staleSince: Int64? = nil,
        problems: [String] = [],
        damage: [String] = [],
        failing: [FailingEndpoint] = [],
        clientNamespace: String = "",
        clientLabels: [String: String] = [:],
        heartbeat: Int64 = 0
    ) {
        self.id = id
        self.process = process
        self.startedAt = startedAt
        self.version = version
        self.admin = admin
        self.listeners = listeners
        self.appliedRevision = appliedRevision
        self.appliedCommit = appliedCommit
        self.staleSince = staleSince
        self.problems = problems
        self.damage = damage
        self.failing = failing
        self.clientNamespace = clientNamespace
        self.clientLabels = clientLabels
        self.heartbeat = heartbeat
    }
}

/// What one proxy counted of one thing.
package struct EvidenceRecord: Sendable {
    package var key: EvidenceKey
    /// Tells a proxy's records of one key apart: each holds all that was counted from its first report on.
    package var part: Int64
    package var evidence: RouteEvidence

    package init(key: EvidenceKey, part: Int64, evidence: RouteEvidence) {
        self.key = key
        self.part = part
        self.evidence = evidence
    }
}
