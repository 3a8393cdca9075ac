// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryReplicas
import CanaryResources

/// `describe KIND NAME`: what the object is, then its content. Secret data shows as its size.
struct ObjectDescription {
    private let resource: Resource
    private let body: Node
    private let now: Int64
    private let replicas: DeploymentStatus?

    /// - Parameter replicas: of a Deployment, what runs of it.
    init(_ resource: Resource, now: Int64, replicas: DeploymentStatus? = nil) {
        self.resource = resource
        self.now = now
        self.replicas = replicas
        body = SecretData.hide(in: resource.body) { _, value in
            "\(value.string?.utf8.count ?? 0) characters"
        }
    }

    var text: String {
        var lines = ["Name:         \(resource.name)"]
        if resource.kind.isNamespaced { lines.append("Namespace:    \(resource.namespace)") }
        lines.append("Kind:         \(resource.body["apiVersion"]?.string ?? "")/\(resource.kind.name)")
        lines += Self.list("Labels:", resource.metadata.labels)
        lines += Self.list("Annotations:", annotations)
        if let stored = resource.stored {
            let age = TimeText.age(from: stored.createdAt, to: now)
            // What a node runs is of no revision.
            let isOfRevision = stored.createdRevision > 0
            let revision = isOfRevision ? ", revision \(stored.createdRevision)" : ""
            lines.append(
                "Created:      \(CalendarTime(milliseconds: stored.createdAt).text) (\(age))\(revision)"
            )
            if isOfRevision { lines.append("Revision:     \(stored.revision)") }
        }
        if let replicas { lines.append("Replicas:     \(replicas.summary)") }
        return lines.map { TerminalText.escape($0) + "\n" }.joined()
            + TerminalText.escapeLines(YAMLWriter.write(content))
    }

    private static func list(_ title: String, _ values: [String: String]) -> [String] {
        let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        guard let first = pairs.first else { return [title.padded(to: 14) + "<none>"] }
        return [title.padded(to: 14) + first]
            + pairs.dropFirst().map { String(repeating: " ", count: 14) + $0 }
    }

    private var annotations: [String: String] {
        let entries = body["metadata"]?["annotations"]?.mapping?.entries ?? []
        return entries.reduce(into: [:]) { $0[$1.key] = $1.value.string ?? "" }
    }

    private var content: Node {
        var content = body
        for key in ["apiVersion", "kind", "metadata"] { content.set(nil, at: key) }
        return content
    }
}
