// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The cluster at one revision, each object of which is read once: one that thousands of others lead to may be large. Belongs to
/// one thread.
final class KnownObjects: ResourceSource {
    private let view: StoredCluster
    private var known: [ResourceKey: Resource?] = [:]

    init(_ view: StoredCluster) {
        self.view = view
    }

    func resource(_ key: ResourceKey) throws -> Resource? {
        if let resource = known[key] { return resource }
        let resource = try view.resource(key)
        known[key] = .some(resource)
        return resource
    }

    func resources(with token: IndexToken) throws -> [Resource] { try view.resources(with: token) }

    func keys(with token: IndexToken) throws -> [ResourceKey] { try view.keys(with: token) }
}
