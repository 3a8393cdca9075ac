// SPDX-License-Identifier: Apache-2.0

/// Since when a route splits its traffic as it does: evidence of one epoch comes from one split.
package struct RouteEpoch: Hashable, Sendable {
    /// The store's revision that began it, for people. It comes again after a backup was restored.
    package var revision: Int64
    /// The random id of the commit that began it; empty for manifests alone.
    package var commit: String

    package init(revision: Int64, commit: String) {
        self.revision = revision
        self.commit = commit
    }

    /// What no store knows.
    package static let none = RouteEpoch(revision: 0, commit: "")
}
