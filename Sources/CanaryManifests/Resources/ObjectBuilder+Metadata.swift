// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension ObjectBuilder {
    private static let namePath: FieldPath = "metadata.name"
    private static let namespacePath: FieldPath = "metadata.namespace"
    /// Fields of `metadata` that people write beside it when they forget to indent.
    private static let metadataFields = ["name", "namespace", "labels", "annotations", "generateName"]

    /// The object's metadata, with what stands beside it moved in; reports what stood there.
    mutating func takeMetadata(_ document: Node, _ body: inout Mapping) -> Mapping? {
        let node = body["metadata"]
        var metadata = Mapping()
        switch node?.content {
        case .mapping(let mapping)?: metadata = mapping
        case .null?, nil: break
        default:
            report(
                ManifestCodes.headerType,
                "metadata is a mapping, not \(node?.typeName ?? "null")",
                hint: "put each field of it on a line of its own, indented by two spaces",
                at: node?.position ?? document.position,
                "metadata"
            )
            return nil
        }
        let misplaced = body.entries.filter { entry in
            Self.metadataFields.contains(entry.key) && metadata.entry(entry.key) == nil
        }
        guard let first = misplaced.first else { return metadata }
        let names = misplaced.map { "\"\($0.key)\"" }.joined(separator: " and ")
        report(
            ManifestCodes.misplacedMetadata,
            "\(names) \(misplaced.count == 1 ? "stands" : "stand") beside metadata, not inside of it",
            hint: node == nil
                ? "write \"metadata:\" above, and indent \(names) by two spaces"
                : "indent \(names) by two spaces, so that metadata holds \(misplaced.count == 1 ? "it" : "them")",
            at: first.keyPosition,
            FieldPath([.key(first.key)])
        )
        metadata.entries += misplaced
        body.entries.removeAll { entry in misplaced.contains { $0.key == entry.key } }
        return metadata
    }

    /// The object's name; reports it if there is none.
    mutating func name(_ document: Node, _ metadata: Mapping, _ kind: ResourceKind) -> String? {
        let path = Self.namePath
        switch metadata["name"]?.content {
        case .string(let name)? where !name.isEmpty: return name
        case .string?, .null?, nil: break
        default:
            let node = metadata["name"] ?? document
            report(
                ManifestCodes.headerType,
                "metadata.name is a string, not \(node.typeName)",
                hint: "put it in double quotes",
                at: node.position,
                path
            )
            return nil
        }
        if let entry = metadata.entry("generateName") {
            report(
                ManifestCodes.generatedName,
                "canaryctl does not generate names: generateName cannot replace name",
                hint: "give the object a name in \"metadata.name\"",
                at: entry.keyPosition,
                "metadata.generateName"
            )
            return nil
        }
        report(
            ManifestCodes.missingName,
            "the \(kind.name) has no name: metadata.name is missing",
            hint: "write \"name:\" below \"metadata:\", indented by two spaces",
            at: document.position(of: path),
            path
        )
        return nil
    }

    /// The object's namespace: the manifest's, else the default one.
    mutating func namespace(_ document: Node, _ metadata: Mapping, _ kind: ResourceKind) -> String? {
        guard kind.isNamespaced, let node = metadata["namespace"], !node.isNull else {
            return defaultNamespace
        }
        let path = Self.namespacePath
        guard let namespace = node.string else {
            report(
                ManifestCodes.headerType,
                "metadata.namespace is a string, not \(node.typeName)",
                hint: "put it in double quotes",
                at: node.position,
                path
            )
            return nil
        }
        guard !namespace.isEmpty else { return defaultNamespace }
        if namespaceIsExplicit, namespace != defaultNamespace {
            report(
                ManifestCodes.otherNamespace,
                "the manifest's namespace \"\(namespace)\" is not \"\(defaultNamespace)\", which -n asks for",
                hint: "leave -n out, or use -n \(namespace)",
                at: node.position,
                path
            )
        }
        return namespace
    }
}
