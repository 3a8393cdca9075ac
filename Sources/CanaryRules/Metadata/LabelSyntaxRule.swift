// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A label's key or value is not one that Kubernetes takes: letters, digits, `-`, `_` and `.`, at most 63, beginning and
/// ending with a letter or digit; a key may have a prefix such as `app.kubernetes.io/`. The labels of selectors and pod
/// templates count too.
enum LabelSyntaxRule: ObjectRule {
    static let code = RuleCode("CAN0903")
    static let kinds = Set(ResourceKind.allCases)

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var places = [object.metadata?["labels"]]
        switch object.resource.kind {
        case .service: places.append(object.spec?["selector"])
        case .deployment, .statefulSet, .daemonSet, .replicaSet:
            places += [object.podTemplate?["metadata"]?["labels"], object.spec?["selector"]?["matchLabels"]]
        default: break
        }
        for place in places.compactMap(\.self) { check(place, &report) }
    }

    private static func check(_ labels: Located, _ report: inout RuleReport) {
        for entry in labels.node.mapping?.entries ?? [] {
            if !KubernetesName.isQualified(entry.key) {
                report.add(
                    at: labels.field(entry.key),
                    "\"\(entry.key)\" is not a label's key",
                    hint:
                        "use letters, digits, \"-\", \"_\" and \".\", with an optional prefix such as example.com/"
                )
            } else if let text = entry.value.string, !KubernetesName.isLabelValue(text) {
                report.add(
                    at: labels.field(entry.key),
                    "\"\(text)\" is not a label's value",
                    hint:
                        "use at most 63 letters, digits, \"-\", \"_\" and \".\", a letter or digit at both ends"
                )
            }
        }
    }
}
