// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The host of a DestinationRule is not a host name or a wildcard.
enum DestinationRuleHostRule: ObjectRule {
    static let code = RuleCode("CAN0601", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let host = object.spec?["host"], let text = host.string, !IstioName.isWildcardDomain(text)
        else { return }
        report.add(
            at: host,
            text.isEmpty ? "the host is empty" : "\"\(text)\" is not a host name",
            hint: "write a Service's name, a full name, or a wildcard such as *.example.com"
        )
    }
}
