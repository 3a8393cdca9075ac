// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An address of a ServiceEntry is neither an address nor a subnet; subnets need resolution NONE or STATIC.
enum ServiceEntryAddressesRule: ObjectRule {
    static let code = RuleCode("CAN0712", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let resolution = object.spec?["resolution"]?.string ?? "NONE"
        for address in object.spec?["addresses"]?.items ?? [] {
            guard let text = address.string else { continue }
            if !IPAddress.isSubnet(text) {
                report.add(
                    at: address,
                    "\"\(text)\" is not an address or a subnet",
                    hint: "write one such as 10.0.0.1 or 10.0.0.0/8"
                )
            } else if text.contains("/"), !["NONE", "STATIC"].contains(resolution) {
                report.add(
                    at: address,
                    "a subnet can't be used with resolution \(resolution)",
                    hint: "write addresses, or resolution: NONE"
                )
            }
        }
    }
}
