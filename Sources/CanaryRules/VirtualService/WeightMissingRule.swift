// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// One of several destinations has no weight, while others have: it counts as zero and receives nothing.
enum WeightMissingRule: ObjectRule {
    static let code = RuleCode("CAN0204")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes + object.tlsRoutes + object.tcpRoutes {
            let entries = route["route"]?.items ?? []
            guard entries.contains(where: { ($0["weight"]?.integer ?? 0) > 0 }) else { continue }
            for entry in entries where !entry.isNull && entry["weight"] == nil {
                let host = entry["destination"]?["host"]?.string ?? ""
                report.add(
                    at: entry,
                    "the destination \"\(host)\" has no weight and receives nothing",
                    hint: "give each of several destinations a weight"
                )
            }
        }
    }
}
