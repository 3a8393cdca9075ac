// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The data of a ConfigMap or Secret is larger than 1 MiB.
enum ConfigSizeRule: ObjectRule {
    static let code = RuleCode("CAN0906")
    static let kinds: Set<ResourceKind> = [.configMap, .secret]

    private static let largest = 1 << 20

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var size = 0
        for key in ["data", "stringData", "binaryData"] {
            let isEncoded = key == "binaryData" || (key == "data" && object.resource.kind == .secret)
            for (_, value) in object.root[key]?.entries ?? [] {
                guard let text = value.string else { continue }
                size += isEncoded ? Base64.decodedCount(text) ?? 0 : text.utf8.count
            }
        }
        guard size > largest else { return }
        report.add(
            at: object.root.field("data"),
            "the data has \(size) bytes, more than 1 MiB",
            hint: "split it, or keep large data in files"
        )
    }
}
