// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A ServiceEntry resolved by DNS has addresses, several hosts, and a port on which connections are told apart by their
/// address: each of the hosts would claim them.
enum EntryHostsShareAddressRule: ObjectRule {
    static let code = RuleCode("CAN0723", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    private static let byAddress: Set<String> = ["TCP", "HTTPS", "TLS", "MONGO", "REDIS", "MYSQL"]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec, (spec["hosts"]?.items ?? []).count > 1,
            let addresses = spec["addresses"], !addresses.items.isEmpty,
            ["DNS", "DNS_ROUND_ROBIN"].contains(spec["resolution"]?.string ?? "")
        else { return }
        let port = (spec["ports"]?.items ?? []).first {
            byAddress.contains($0["protocol"]?.string?.uppercased() ?? "")
        }
        guard let name = port?["protocol"]?.string else { return }
        report.add(
            at: addresses,
            "several hosts have the same addresses for a port of protocol \(name)",
            hint: "write a ServiceEntry for each host"
        )
    }
}
