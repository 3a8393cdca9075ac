// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A host of a ServiceEntry has a `*` that is not a whole label. Such hosts take part in matching differently from Istio
/// version to Istio version.
enum EntryWildcardPartialRule: ObjectRule {
    static let code = RuleCode("CAN0716", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard object.spec?["resolution"]?.string != "DYNAMIC_DNS" else { return }
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let text = host.string, text.hasPrefix("*"), text != "*", !text.hasPrefix("*.") else {
                continue
            }
            report.add(
                at: host,
                "\"*\" is only a part of the first label of \"\(text)\"",
                hint: "write *.\(text.drop { $0 == "*" || $0 == "-" || $0 == "." })"
            )
        }
    }
}
