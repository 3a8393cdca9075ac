// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An annotation's key is not a qualified name, or all annotations together have more than 256 KiB.
enum AnnotationSyntaxRule: ObjectRule {
    static let code = RuleCode("CAN0904")
    static let kinds = Set(ResourceKind.allCases)

    private static let largest = 256 << 10

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for annotations in [object.metadata, object.podTemplate?["metadata"]].compactMap({
            $0?["annotations"]
        }) {
            var size = 0
            for (key, value) in annotations.entries {
                size += key.utf8.count + (value.string?.utf8.count ?? 0)
                guard !KubernetesName.isQualified(key.lowercased()) else { continue }
                report.add(
                    at: value,
                    "\"\(key)\" is not an annotation's key",
                    hint: "use letters, digits, \"-\", \"_\" and \".\", behind an optional domain and \"/\""
                )
            }
            if size > largest {
                report.add(
                    at: annotations,
                    "the annotations have \(size) bytes, more than 256 KiB",
                    hint: "keep large texts in a ConfigMap"
                )
            }
            if object.resource.kind == .pod { return }
        }
    }
}
