// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A volume's name is no DNS label or used twice, or it has no single source.
enum VolumesRule: ObjectRule {
    static let code = RuleCode("CAN0412")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var seen: Set<String> = []
        for volume in object.podSpec?["volumes"]?.items ?? [] {
            if let place = volume["name"], let name = place.string {
                if !KubernetesName.isLabel(name) {
                    report.add(
                        at: place,
                        "\"\(name)\" is not a volume's name",
                        hint: "use at most 63 lower-case letters, digits and \"-\""
                    )
                } else if !seen.insert(name).inserted {
                    report.add(
                        at: place,
                        "there are two volumes \"\(name)\"",
                        hint: "give each a name of its own"
                    )
                }
            }
            let sources = volume.entries.filter { $0.key != "name" && !$0.value.isNull }
            if sources.count > 1 {
                report.add(
                    at: sources[1].value,
                    "a volume has one source, and this one has \(sources.count)",
                    hint: "keep one of them"
                )
            }
        }
    }
}
