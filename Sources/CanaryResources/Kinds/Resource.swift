// SPDX-License-Identifier: Apache-2.0

/// One object: its identity, its whole content as it was written, and a typed view of what canaryctl acts on.
///
/// `body` is the truth. The typed view is read from it leniently: a field of the wrong type is as good as missing
/// (the schema rules have reported it), so that an object with errors can still take part in other rules.
package struct Resource: Sendable {
    /// Shared by all copies, so that a copy costs one reference.
    private final class Content: Sendable {
        let key: ResourceKey
        let body: Node
        let metadata: ObjectMeta
        let spec: ResourceSpec
        let stored: StoredMeta?
        let file: String?
        let isDamaged: Bool

        init(
            _ key: ResourceKey,
            _ body: Node,
            _ stored: StoredMeta?,
            _ file: String?,
            isDamaged: Bool = false,
            keepsBody: Bool = true
        ) {
            self.key = key
            self.body = keepsBody ? body : .mapping([:])
            metadata = ObjectMeta(body["metadata"])
            spec = ResourceSpec(key.kind, body)
            self.stored = stored
            self.file = file
            self.isDamaged = isDamaged
        }

        init(_ other: Content, stored: StoredMeta?) {
            key = other.key
            body = other.body
            metadata = other.metadata
            spec = other.spec
            self.stored = stored
            file = other.file
            isDamaged = other.isDamaged
        }
    }

    private var content: Content

    package init(key: ResourceKey, body: Node, stored: StoredMeta? = nil, file: String? = nil) {
        content = Content(key, body, stored, file)
    }

    /// An object of which the typed view alone is kept, without what it was written as: for those who serve very many, and
    /// print none. Its ``body`` is empty.
    package init(viewOf body: Node, key: ResourceKey, stored: StoredMeta?) {
        content = Content(key, body, stored, nil, keepsBody: false)
    }

    /// What stands for an object whose text is lost; ``standIn(for:tokens:stored:)`` makes its body.
    init(damaged key: ResourceKey, body: Node, stored: StoredMeta?) {
        content = Content(key, body, stored, nil, isDamaged: true)
    }

    package var key: ResourceKey { content.key }
    package var body: Node { content.body }
    package var metadata: ObjectMeta { content.metadata }
    package var spec: ResourceSpec { content.spec }
    /// What the store knows about the object; `nil` for manifests.
    package var stored: StoredMeta? {
        get { content.stored }
        set { content = Content(content, stored: newValue) }
    }
    /// The manifest's name as the user gave it; `nil` for objects of the store.
    package var file: String? { content.file }
    /// Whether its text is lost, so that it is only what ``standIn(for:tokens:stored:)`` could make of it.
    package var isDamaged: Bool { content.isDamaged }
    package var kind: ResourceKind { key.kind }
    package var name: String { key.name }
    package var namespace: String { key.namespace }
}

/// The parts of `metadata` that canaryctl reads.
package struct ObjectMeta: Sendable {
    package var labels: [String: String]
    package var annotations: [String: String]
    /// As the manifest gives it, for `replace`.
    package var resourceVersion: String?

    init(_ node: Node?) {
        labels = node?["labels"]?.stringMap ?? [:]
        annotations = node?["annotations"]?.stringMap ?? [:]
        resourceVersion = node?["resourceVersion"]?.string
    }
}

/// What the store adds to an object.
package struct StoredMeta: Hashable, Sendable {
    package var uid: String
    /// The revision that last changed the object: its `resourceVersion`.
    package var revision: Int64
    /// The revision that created it; decides which of two objects is older.
    package var createdRevision: Int64
    /// Counts changes of everything but metadata and status.
    package var generation: Int64
    /// Milliseconds since 1970, UTC.
    package var createdAt: Int64
    /// Of a VirtualService, since when each HTTP route splits its traffic as it does, in the routes' order.
    package var routeEpochs: [RouteEpoch]

    package init(
        uid: String,
        revision: Int64,
        createdRevision: Int64,
        generation: Int64,
        createdAt: Int64,
        routeEpochs: [RouteEpoch] = []
    ) {
        self.uid = uid
        self.revision = revision
        self.createdRevision = createdRevision
        self.generation = generation
        self.createdAt = createdAt
        self.routeEpochs = routeEpochs
    }
}
