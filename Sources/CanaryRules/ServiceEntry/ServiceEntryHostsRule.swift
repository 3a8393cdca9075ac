// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A ServiceEntry has no host, or one that is not a host name or a wildcard.
enum ServiceEntryHostsRule: ObjectRule {
    static let code = RuleCode("CAN0710", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for host in object.spec?["hosts"]?.items ?? [] {
            guard let text = host.string, text != "*", !IstioName.isWildcardDomain(text) else { continue }
            report.add(
                at: host,
                "\"\(text)\" is not a host name",
                hint: "write a name such as api.example.com or *.example.com"
            )
        }
    }
}
