// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A field is accepted and kept, but canaryctl's proxy does not act on it. Against Kubernetes with Istio it has its meaning.
enum NotServedRule: ObjectRule {
    static let code = RuleCode("CAN1001")
    static let severity = Severity.warning
    static let kinds = Set(ServedFields.kinds)

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let tree = KeptTree.all[object.resource.kind] else { return }
        check(object.root, tree, &report)
    }

    private static let hint = "leave it out here, or ignore this where the manifest is for a cluster"

    private static func check(_ place: Located, _ tree: KeptTree, _ report: inout RuleReport) {
        switch place.node.content {
        case .sequence: for item in place.items { check(item, tree, &report) }
        case .mapping:
            for (name, branch) in tree.branches {
                if let value = place[name] {
                    if let kept = branch.kept { tell(kept, value, &report) }
                    check(value, branch, &report)
                } else if let kept = branch.kept, kept.isDefault {
                    add(kept, place.field(name), "", &report)
                }
            }
        default: break
        }
    }

    private static func tell(_ kept: ServedFields.Kept, _ place: Located, _ report: inout RuleReport) {
        let places = kept.concernsItems && place.node.sequence != nil ? place.items : [place]
        for place in places {
            guard let value = kept.unserved(place.node) else { continue }
            add(kept, place, value, &report)
        }
    }

    private static func add(
        _ kept: ServedFields.Kept,
        _ place: Located,
        _ value: String,
        _ report: inout RuleReport
    ) {
        guard let message = kept.message else {
            return report.add(
                at: place,
                "\(place.label) is kept, but the proxy does not act on it yet",
                hint: hint
            )
        }
        let parts = message.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        report.add(at: place, parts.joined(separator: value), hint: hint)
    }
}
