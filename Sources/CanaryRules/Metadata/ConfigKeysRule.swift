// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A key of a ConfigMap or Secret holds other characters than letters, digits, `-`, `_` and `.`, or is used twice.
enum ConfigKeysRule: ObjectRule {
    static let code = RuleCode("CAN0905")
    static let kinds: Set<ResourceKind> = [.configMap, .secret]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let data = object.root["data"]?.entries ?? []
        let binary = object.root["binaryData"]?.entries ?? []
        let keys = Set(data.map(\.key))
        for (key, value) in data + binary + (object.root["stringData"]?.entries ?? [])
        where !KubernetesName.isConfigKey(key) {
            report.add(
                at: value,
                "\"\(key)\" is not a key",
                hint: "use letters, digits, \"-\", \"_\" and \".\""
            )
        }
        for (key, value) in binary where keys.contains(key) {
            report.add(
                at: value,
                "\"\(key)\" is in \"data\" and in \"binaryData\"",
                hint: "keep one of the two"
            )
        }
    }
}
