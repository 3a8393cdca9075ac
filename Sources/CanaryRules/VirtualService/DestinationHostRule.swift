// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A destination's host is empty, `*`, or not a host name. Addresses are no host names.
enum DestinationHostRule: ObjectRule {
    static let code = RuleCode("CAN0216", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for destination in object.destinations {
            guard let host = destination["host"], let text = host.string else { continue }
            guard !isHost(text) else { continue }
            report.add(
                at: host,
                text.isEmpty ? "the destination's host is empty" : "\"\(text)\" is not a destination's host",
                hint: "write the name of a Service, or the host of a ServiceEntry"
            )
        }
    }

    static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text != "*" && IstioName.isWildcardDomain(text)
    }
}
