// SPDX-License-Identifier: Apache-2.0

/// The localities of one list, in Istio's order of looking at them: it refuses one that an earlier one holds, but not one that
/// holds an earlier one.
struct LocalityRegister {
    /// Zones by region, subzones by zone; `*` stands for all of them.
    private var regions: [Substring: [Substring: Set<Substring>]] = [:]

    /// Adds `REGION`, `REGION/ZONE` or `REGION/ZONE/SUBZONE`; `false` if Istio refuses it.
    mutating func add(_ locality: String) -> Bool {
        guard regions["*"] == nil else { return false }
        let parts = locality.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        let zones = regions[parts[0]]
        guard parts.count > 1 else {
            regions[parts[0]] = ["*": ["*"]]
            return zones == nil
        }
        let subzones = zones?[parts[1]]
        guard zones?["*"] == nil, subzones?.contains("*") != true else { return false }
        guard parts.count > 2 else {
            regions[parts[0], default: [:]][parts[1]] = ["*"]
            return subzones == nil
        }
        return regions[parts[0], default: [:]][parts[1], default: []].insert(parts[2]).inserted
    }
}
