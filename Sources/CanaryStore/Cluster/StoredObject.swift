// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// One object as the store keeps it. The store never looks into its body.
package struct StoredObject: Hashable, Sendable {
    package var key: ResourceKey
    package var meta: StoredMeta
    /// UTF-8, as it was given to ``StoreWriter/put(_:body:tokens:specChanged:)``.
    package var body: [UInt8]
}

extension StoredObject {
    /// The object that its text says.
    package func resource() throws(JSONError) -> Resource {
        Resource(key: key, body: try JSONReader.read(body), stored: meta)
    }
}

/// An object whose text cannot be read.
package struct DamagedObject: Sendable {
    /// What stands for it.
    package var standIn: Resource
    /// What is wrong with its text.
    package var error: JSONError

    package var key: ResourceKey { standIn.key }
}

/// What an object was at an earlier revision.
package enum PastState: Hashable, Sendable {
    case present(StoredObject)
    /// It did not exist.
    case absent
    /// It existed, but its content is not kept any more, or never was (Secrets).
    case forgotten
}

/// What is different since a revision, for those who follow the store.
package struct StoreChanges: Sendable {
    /// The store that they are of.
    package var storeUID: String
    /// The revision that this leads to, and the id of its commit.
    package var revision: Int64
    package var commit: String
    /// Whether `changed` holds every object of the store: whatever is not in it does not exist.
    package var isComplete: Bool
    package var changed: [Resource]
    /// Those of the changed objects that cannot be read.
    package var damaged: [DamagedObject]
    package var deleted: [ResourceKey]
    /// The rows of the store whose kind is none, whether they changed or not.
    package var unreadable: [DamagedRow]
}

/// A state of a store, told from all others that ever have its revision.
struct StorePoint: Hashable, Sendable {
    var storeUID: String
    var revision: Int64
    var commit: String
}

extension StoreChanges {
    var point: StorePoint { StorePoint(storeUID: storeUID, revision: revision, commit: commit) }
}

/// One change of a host's routing: a line of `history HOST`.
package struct HostChange: Hashable, Sendable {
    package var host: String
    package var revision: Int64
    /// Milliseconds since 1970, UTC.
    package var at: Int64
    package var actor: String
    package var reason: String?
    /// `created`, `set-weight v2 5 % → 10 %`.
    package var summary: String
    /// The objects that the change made, replaced or removed for this host, in key order.
    package var objects: [ResourceKey]
}

/// Who changes the store, and why.
package struct ChangeNote: Hashable, Sendable {
    package var actor: String
    package var reason: String?

    package init(actor: String, reason: String? = nil) {
        self.actor = actor
        self.reason = reason
    }
}
