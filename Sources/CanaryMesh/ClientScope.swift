// SPDX-License-Identifier: Apache-2.0

/// From where routes are seen: the client's namespace and labels decide which of them exist for it.
package struct ClientScope: Sendable {
    package var namespace: String
    package var labels: [String: String]

    package init(namespace: String, labels: [String: String]) {
        self.namespace = namespace
        self.labels = labels
    }
}
