// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

extension StoredCluster {
    /// The changes of a host's routing, newest first. A DestinationRule for a pattern decides about the hosts that it covers and
    /// that have no rule of their own: its changes are theirs.
    func history(of host: String, limit: Int = StoreWriter.keptChanges) throws -> [HostChange] {
        guard let reader else { return [] }
        var changes = try reader.history(host: host, limit: limit)
        for pattern in try patternsOfRules(covering: host) {
            for var change in try reader.history(host: pattern, limit: limit) {
                change.objects.removeAll { $0.kind != .destinationRule }
                guard !change.objects.isEmpty else { continue }
                // One change may be of the host and of its patterns.
                if let index = changes.firstIndex(where: { $0.revision == change.revision }) {
                    changes[index].objects = Set(changes[index].objects + change.objects).sorted()
                } else {
                    change.host = host
                    changes.append(change)
                }
            }
        }
        return Array(changes.sorted { $0.revision > $1.revision }.prefix(limit))
    }

    /// The first revision as of which ``history(of:limit:)`` is whole; 0 if it is that.
    func knownSince(_ host: String) throws -> Int64 {
        try ([host] + patternsOfRules(covering: host)).map { try reader?.knownSince(host: $0) ?? 0 }.max()
            ?? 0
    }

    /// The patterns whose rules hold, or would hold, for a host: up to the most specific that has any.
    private func patternsOfRules(covering host: String) throws -> [String] {
        var patterns: [String] = []
        for pattern in HostName.patterns(covering: host) {
            if pattern != host { patterns.append(pattern) }
            if try !keys(with: .rule(pattern)).isEmpty { break }
        }
        return patterns
    }
}
