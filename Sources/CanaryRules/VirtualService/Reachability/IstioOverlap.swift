// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The overlap of two match blocks as istioctl sees it (IST0131), wrong turns included: it compares paths by prefix, and of
/// the other conditions their texts.
enum IstioOverlap {
    /// Whether istioctl says that an earlier block takes the requests of a later one.
    static func covers(_ later: Node, by earlier: Node) -> Bool {
        guard let path = later["uri"]?["prefix"]?.string, let shorter = earlier["uri"]?["prefix"]?.string,
            !shorter.isEmpty, !path.hasSameBytes(as: shorter), path.utf8.starts(with: shorter.utf8),
            later["port"]?.integer ?? 0 == earlier["port"]?.integer ?? 0
        else { return false }
        // A missing method stands for GET there.
        return isAlike(text(earlier["method"], else: "=GET"), text(later["method"], else: "=GET"))
            && isAlike(text(earlier["authority"]), text(later["authority"]))
            && ["headers", "queryParams", "withoutHeaders"].allSatisfy {
                areAlike(earlier[$0]?.mapping?.entries ?? [], later[$0]?.mapping ?? Mapping())
            }
    }

    private static func areAlike(_ earlier: [Mapping.Entry], _ later: Mapping) -> Bool {
        earlier.count == later.entries.count
            && earlier.allSatisfy { entry in
                later.entry(entry.key).map { isAlike(text(entry.value), text($0.value)) } ?? false
            }
    }

    private static func isAlike(_ earlier: String, _ later: String) -> Bool {
        earlier.utf8.starts(with: later.utf8)
    }

    /// `=VALUE` for an exact condition, `^VALUE` for one by prefix; a regular expression counts as missing.
    private static func text(_ condition: Node?, else missing: String = "") -> String {
        if let exact = condition?["exact"]?.string, !exact.isEmpty { return "=" + exact }
        if let prefix = condition?["prefix"]?.string, !prefix.isEmpty { return "^" + prefix }
        return missing
    }
}
