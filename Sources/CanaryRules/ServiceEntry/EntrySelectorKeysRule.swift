// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The workload selector of a ServiceEntry has a key that is empty or holds a `*`.
enum EntrySelectorKeysRule: ObjectRule {
    static let code = RuleCode("CAN0718", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for (key, value) in object.spec?["workloadSelector"]?["labels"]?.entries ?? [] {
            guard key.isEmpty || key.contains("*") else { continue }
            report.add(
                at: value,
                key.isEmpty ? "a selector's key is empty" : "the key \"\(key)\" holds a wildcard",
                hint: "write the keys of labels, without \"*\""
            )
        }
    }
}
