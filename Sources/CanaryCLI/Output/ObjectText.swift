// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources

/// Objects as `get -o yaml|json` shows them: as they were written, with what the store adds to `metadata`.
enum ObjectText {
    static func node(_ resource: Resource) -> Node {
        var body = resource.body
        guard let stored = resource.stored else { return body }
        body.set(
            .string(CalendarTime(milliseconds: stored.createdAt).text),
            at: "metadata",
            "creationTimestamp"
        )
        body.set(.integer(stored.generation), at: "metadata", "generation")
        body.set(.string(String(stored.revision)), at: "metadata", "resourceVersion")
        body.set(.string(stored.uid), at: "metadata", "uid")
        return body
    }

    /// One object alone, several as a `List`.
    static func node(_ resources: [Resource], asList: Bool) -> Node {
        if !asList, resources.count == 1 { return node(resources[0]) }
        return list(resources.map(node))
    }

    static func list(_ items: [Node], apiVersion: String = "v1") -> Node {
        .mapping([
            "apiVersion": .string(apiVersion),
            "kind": .string("List"),
            "items": .sequence(items),
        ])
    }

    /// A node in one of the two machine forms, with a line feed at the end.
    static func text(_ node: Node, as format: ReportFormat) -> String {
        format == .yaml ? YAMLWriter.write(node) : JSONWriter.write(node, pretty: true) + "\n"
    }
}
