// SPDX-License-Identifier: Apache-2.0

/// From where routes are seen: the client's namespace and labels decide which of them exist for it.
struct ClientScope: Sendable {
    var namespace: String
    var labels: [String: String]
}
