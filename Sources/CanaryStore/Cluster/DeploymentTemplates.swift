// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A template of a Deployment, under its number.
package struct StoredTemplate: Hashable, Sendable {
    package var number: Int
    /// JSON.
    package var body: String
    package var cause: String?

    package init(number: Int, body: String, cause: String?) {
        self.number = number
        self.body = body
        self.cause = cause
    }
}

extension DatabaseFormat {
    /// The templates that Deployments have and had: a row becomes part of the transaction that changes its Deployment, and goes with it.
    static let deploymentTemplates = """
        CREATE TABLE deployment_templates (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            body TEXT NOT NULL,
            cause TEXT,
            PRIMARY KEY (namespace, name, number)
        );
        """
}

extension StoreReader {
    /// The oldest first.
    package func templates(of deployment: ResourceKey) throws(StoreError) -> [StoredTemplate] {
        try database.rows(
            """
            SELECT number, body, cause FROM deployment_templates WHERE namespace = ? AND name = ? ORDER BY number
            """,
            [.text(deployment.namespace), .text(deployment.name)]
        ) { row throws(SQLiteError) in
            StoredTemplate(number: Int(row.integer(0)), body: row.text(1), cause: row.optionalText(2))
        }
    }
}

extension StoreWriter {
    /// Replaces the templates that are kept of a Deployment.
    package func keep(_ templates: [StoredTemplate], of deployment: ResourceKey) throws(StoreError) {
        let name: [SQLValue] = [.text(deployment.namespace), .text(deployment.name)]
        try database.run("DELETE FROM deployment_templates WHERE namespace = ? AND name = ?", name)
        for template in templates {
            try database.run(
                "INSERT INTO deployment_templates (namespace, name, number, body, cause) VALUES (?, ?, ?, ?, ?)",
                name + [
                    .integer(Int64(template.number)), .text(template.body), SQLValue(template.cause),
                ]
            )
        }
    }
}
