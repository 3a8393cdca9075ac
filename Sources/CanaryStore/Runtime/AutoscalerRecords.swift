// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension RuntimeStore {
    /// Replaces what a node told of the store's autoscalers.
    ///
    /// - Returns: whether the file knows the node. If not, nothing was written.
    package func report(autoscalers: [ResourceKey: Node], of node: String) throws(StoreError) -> Bool {
        try change { database throws(StoreError) in
            guard try Self.knows(node, in: database) else { return false }
            try database.run("DELETE FROM autoscalers")
            for (key, status) in autoscalers {
                try database.run(
                    "INSERT INTO autoscalers (namespace, name, node, status) VALUES (?, ?, ?, ?)",
                    [
                        .text(key.namespace), .text(key.name), .text(node),
                        .blob(Array(JSONWriter.canonical(status).utf8)),
                    ]
                )
            }
            return true
        }
    }

    /// What the node that runs now told of autoscalers.
    package func liveAutoscalers() throws(StoreError) -> [ResourceKey: Node] {
        guard let node = try liveNode() else { return [:] }
        let rows = try look { database throws(StoreError) in
            try database.rows(
                "SELECT namespace, name, status FROM autoscalers WHERE node = ?",
                [.text(node.id)]
            ) { row throws(SQLiteError) in
                (
                    ResourceKey(.horizontalPodAutoscaler, namespace: row.text(0), name: row.text(1)),
                    try? JSONReader.read(row.bytes(2))
                )
            }
        }
        return Dictionary((rows ?? []).compactMap { key, status in status.map { (key, $0) } }) { $1 }
    }
}
