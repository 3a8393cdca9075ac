// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A condition compares with an empty prefix, which every value has. Only a path's prefix may be empty.
enum MatchPrefixEmptyRule: ObjectRule {
    static let code = RuleCode("CAN0221", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for match in object.httpMatches {
            let values =
                ["scheme", "method", "authority"].compactMap { match[$0] }
                + ["headers", "withoutHeaders", "queryParams"].flatMap {
                    match[$0]?.entries.map(\.value) ?? []
                }
            for value in values {
                guard let prefix = value["prefix"], prefix.string == "" else { continue }
                report.add(at: prefix, "the prefix is empty", hint: "write {} to ask that the value is there")
            }
        }
    }
}
