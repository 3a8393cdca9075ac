// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A port of a ServiceEntry speaks TCP, or has no protocol, and the ServiceEntry has no addresses. Istio can tell such
/// connections apart by their address only, and takes every connection to that port for this host.
enum EntryAddressesNeededRule: ObjectRule {
    static let code = RuleCode("CAN0715", istio: "IST0134")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard (object.spec?["addresses"]?.items ?? []).isEmpty else { return }
        let ports = (object.spec?["ports"]?.items ?? []).filter { port in
            !port.isNull && ["", "TCP"].contains((port["protocol"]?.string ?? "").uppercased())
        }
        // One finding about an object, as istioctl has it.
        guard let first = ports.first else { return }
        let numbers = ports.compactMap { $0["number"]?.integer }.map(String.init).joined(separator: ", ")
        report.add(
            at: first.field("protocol"),
            "port \(numbers) can't be told from others by its protocol, and there are no \"addresses\"",
            hint: "add \"addresses\", or a protocol such as HTTP or TLS"
        )
    }
}
