// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Turns the documents of one source into resources: lists are unfolded, headers read and corrected, and what only the
/// store may write is dropped.
struct ObjectBuilder {
    let file: String
    let defaultNamespace: String
    let namespaceIsExplicit: Bool
    let ignoreUnknownKinds: Bool
    var objectLimit: Int
    let findingLimit: Int
    var diagnostics: [Diagnostic] = []
    /// What is not kept, and the workloads among it.
    var skipped = SkippedKinds()
    var skippedWorkloads: [Resource] = []

    init(
        file: String,
        defaultNamespace: String,
        namespaceIsExplicit: Bool,
        ignoreUnknownKinds: Bool,
        objectLimit: Int,
        findingLimit: Int
    ) {
        self.findingLimit = findingLimit
        self.file = file
        self.defaultNamespace = defaultNamespace
        self.namespaceIsExplicit = namespaceIsExplicit
        self.ignoreUnknownKinds = ignoreUnknownKinds
        self.objectLimit = objectLimit
    }

    /// Calls `body` with every object of a document.
    mutating func add(_ document: Node, _ body: (Resource) -> Void) {
        add(document, inherited: nil, body)
    }

    /// `inherited` is what the items of a typed list need not say themselves.
    private mutating func add(
        _ document: Node,
        inherited: (kind: String, apiVersion: String)?,
        _ body: (Resource) -> Void
    ) {
        guard let mapping = document.mapping else {
            report(
                ManifestCodes.notAnObject,
                "a manifest is a mapping with apiVersion, kind and metadata, not \(document.typeName)",
                hint: "begin with \"apiVersion:\", \"kind:\" and \"metadata:\", each on a line of its own",
                at: document.position
            )
            return
        }
        var header = Header(mapping)
        if let inherited {
            if header.kind == nil { header.kind = inherited.kind }
            if header.apiVersion == nil { header.apiVersion = inherited.apiVersion }
        }
        if let item = header.listItem {
            addItems(of: document, item.isEmpty ? nil : (item, header.apiVersion ?? ""), body)
            return
        }
        guard let identity = identify(document, header), let resource = build(document, identity)
        else { return }
        guard objectLimit > 0 else {
            guard objectLimit == 0 else { return }
            objectLimit -= 1
            report(
                ManifestCodes.limit,
                "there are too many objects",
                hint: "read them in several runs",
                at: document.position
            )
            return
        }
        objectLimit -= 1
        body(resource)
    }

    private mutating func addItems(
        of list: Node,
        _ inherited: (kind: String, apiVersion: String)?,
        _ body: (Resource) -> Void
    ) {
        guard let items = list["items"] else { return }
        guard let sequence = items.sequence else {
            report(
                ManifestCodes.listItems,
                "the items of a list are objects, not \(items.typeName)",
                hint: "begin every item with \"- \"",
                at: list.position(of: "items"),
                "items"
            )
            return
        }
        for item in sequence { add(item, inherited: inherited, body) }
    }

    mutating func report(
        _ code: RuleCode,
        _ message: String,
        severity: Severity = .error,
        hint: String,
        at place: Position,
        _ path: FieldPath = .root,
        _ resource: ResourceKey? = nil
    ) {
        guard diagnostics.count <= findingLimit else { return }
        let isTooMany = diagnostics.count == findingLimit
        diagnostics.append(
            Diagnostic(
                isTooMany ? ManifestCodes.limit : code,
                isTooMany ? .error : severity,
                isTooMany ? "more than \(findingLimit) findings: the others are not told" : message,
                hint: isTooMany ? "correct these first" : hint,
                file: file,
                position: place,
                path: path,
                resource: resource
            )
        )
    }
}

/// What the top of a document says about itself.
struct Header {
    var kind: String?
    var apiVersion: String?

    init(_ mapping: Mapping) {
        kind = mapping["kind"]?.string
        apiVersion = mapping["apiVersion"]?.string
    }

    /// `List` holds objects of any kind (the result is empty), `ServiceList` holds Services; `nil` for other kinds.
    var listItem: String? {
        guard let kind, kind.hasSuffix("List") else { return nil }
        let item = String(kind.dropLast(4))
        return item.isEmpty || ResourceKind(manifestName: item) != nil ? item : nil
    }
}

extension ObjectBuilder {
    /// Remembers what an object that is not kept means to others: pods with the labels of its template.
    mutating func skip(_ document: Node) {
        let labels = document["spec"]?["template"]?["metadata"]?["labels"]
        guard let labels, let name = document["metadata"]?["name"]?.string else { return }
        let namespace = document["metadata"]?["namespace"]?.string ?? defaultNamespace
        // No object has a name like that.
        let key = ResourceKey(
            .replicaSet,
            namespace: namespace,
            name: "\(document["kind"]?.string ?? "")/\(name)"
        )
        let template = Node.mapping(["metadata": .mapping(["labels": labels])])
        let body = Node.mapping(["spec": .mapping(["template": template])])
        skippedWorkloads.append(Resource(key: key, body: body, file: file))
    }
}

// MARK: - The object

extension ObjectBuilder {
    /// The metadata that a manifest may write, but that only the store decides.
    private static let storeOwned = ["uid", "creationTimestamp", "generation", "managedFields", "selfLink"]

    private mutating func build(_ document: Node, _ identity: Identity) -> Resource? {
        let kind = identity.kind
        guard var body = document.mapping, var metadata = takeMetadata(document, &body),
            let name = name(document, metadata, kind),
            let namespace = namespace(document, metadata, kind)
        else { return nil }
        if metadata.entries.contains(where: { Self.storeOwned.contains($0.key) }) {
            metadata.entries.removeAll { Self.storeOwned.contains($0.key) }
        }
        let key = ResourceKey(kind, namespace: namespace, name: name)
        setNamespace(&metadata, key)
        let place = body.entry("metadata")?.value.position ?? document.position
        body["metadata"] = Node(.mapping(metadata), at: place)
        if body.entry("status") != nil { body["status"] = nil }
        setHeader(&body, identity)
        if let version = identity.retiredVersion { RetiredShape.convert(&body, kind, from: version) }
        return Resource(key: key, body: Node(.mapping(body), at: document.position), file: file)
    }

    /// The namespace stands in the body as it does in kubectl's output: behind the name.
    private func setNamespace(_ metadata: inout Mapping, _ key: ResourceKey) {
        guard key.kind.isNamespaced else {
            metadata["namespace"] = nil
            return
        }
        if let index = metadata.entries.firstIndex(where: { $0.key == "namespace" }) {
            if metadata.entries[index].value.string != key.namespace {
                metadata.entries[index].value.content = .string(key.namespace)
            }
            return
        }
        let index = metadata.entries.firstIndex { $0.key == "name" }.map { $0 + 1 } ?? 0
        metadata.entries.insert(Mapping.Entry(key: "namespace", value: .string(key.namespace)), at: index)
    }

    /// Writes what the header was corrected to.
    private func setHeader(_ body: inout Mapping, _ identity: Identity) {
        for (key, value) in [("kind", identity.kind.name), ("apiVersion", identity.apiVersion)] {
            if let index = body.entries.firstIndex(where: { $0.key == key }) {
                if body.entries[index].value.string != value {
                    body.entries[index].value.content = .string(value)
                }
            } else {
                body.entries.insert(Mapping.Entry(key: key, value: .string(value)), at: 0)
            }
        }
    }
}
