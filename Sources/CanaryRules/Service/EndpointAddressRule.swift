// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An address of an Endpoints or EndpointSlice object is not one, or can't be reached from elsewhere.
enum EndpointAddressRule: ObjectRule {
    static let code = RuleCode("CAN0309")
    static let kinds: Set<ResourceKind> = [.endpoints, .endpointSlice]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        if object.resource.kind == .endpoints {
            for subset in object.root["subsets"]?.items ?? [] {
                let addresses = ["addresses", "notReadyAddresses"].flatMap { subset[$0]?.items ?? [] }
                if addresses.isEmpty {
                    report.add(
                        at: subset.field("addresses"),
                        "the subset has no addresses",
                        hint: "add addresses, or remove the subset"
                    )
                }
                for place in addresses.compactMap({ $0["ip"] }) {
                    check(place, IPAddress.isValid, "an IP address", &report)
                }
            }
            return
        }
        let type = object.root["addressType"]?.string ?? ""
        for endpoint in object.root["endpoints"]?.items ?? [] {
            let addresses = endpoint["addresses"]?.items ?? []
            if addresses.isEmpty {
                report.add(
                    at: endpoint.field("addresses"),
                    "the endpoint has no address",
                    hint: "add an address, or remove the endpoint"
                )
            }
            for place in addresses {
                switch type {
                case "IPv4": check(place, { IPAddress.isVersion4($0) }, "an IPv4 address", &report)
                case "IPv6": check(place, IPAddress.isVersion6, "an IPv6 address", &report)
                case "FQDN": check(place, KubernetesName.isSubdomain, "a host name", &report)
                default: break
                }
            }
        }
    }

    private static func check(
        _ place: Located,
        _ isGood: (String) -> Bool,
        _ wanted: String,
        _ report: inout RuleReport
    ) {
        guard let text = place.string, !isGood(text) else { return }
        report.add(at: place, "\"\(text)\" is not \(wanted)", hint: "write one such as 10.0.0.1")
    }
}
