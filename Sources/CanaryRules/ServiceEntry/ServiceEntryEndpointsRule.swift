// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The endpoints of a ServiceEntry do not fit its resolution, or one of them has an address or a port that can't be used.
enum ServiceEntryEndpointsRule: ObjectRule {
    static let code = RuleCode("CAN0713", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec else { return }
        let resolution = spec["resolution"]?.string ?? "NONE"
        let list = spec.field("endpoints")
        let endpoints = list.items
        switch resolution {
        case "NONE", "DYNAMIC_DNS":
            if !endpoints.isEmpty {
                report.add(
                    at: list,
                    "resolution \(resolution) takes no endpoints",
                    hint: "remove the endpoints, or use resolution STATIC"
                )
            }
        case "DNS_ROUND_ROBIN" where endpoints.count > 1:
            report.add(
                at: list,
                "resolution DNS_ROUND_ROBIN takes one endpoint at most",
                hint: "keep one of them, or use resolution DNS"
            )
        default:
            break
        }
        if endpoints.isEmpty, spec["workloadSelector"] == nil, resolution.hasPrefix("DNS") {
            for host in spec["hosts"]?.items ?? [] {
                guard let text = host.string, !IstioName.isFullName(text) else { continue }
                report.add(
                    at: host,
                    "without endpoints, resolution \(resolution) needs a full host name",
                    hint: "list endpoints, or replace the wildcard by a name"
                )
            }
        }
        let names = Set((spec["ports"]?.items ?? []).compactMap { $0["name"]?.string })
        if (spec["ports"]?.items.count ?? 0) > 1 {
            for address in endpoints.compactMap({ $0["address"] }) {
                guard address.string?.hasPrefix(SocketPath.scheme) == true else { continue }
                report.add(
                    at: address,
                    "a socket can serve one port, and the ServiceEntry has several",
                    hint: "keep one port, or list an address"
                )
            }
        }
        for endpoint in endpoints { check(endpoint, resolution, names, &report) }
    }

    private static func check(
        _ endpoint: Located,
        _ resolution: String,
        _ names: Set<String>,
        _ report: inout RuleReport
    ) {
        if let address = endpoint["address"], let text = address.string, !text.isEmpty {
            let isGood =
                IPAddress.isValid(text)
                // What is wrong with a socket, another rule tells.
                || (resolution == "STATIC" && text.hasPrefix(SocketPath.scheme))
                || (resolution.hasPrefix("DNS") && IstioName.isFullName(text))
            if !isGood {
                report.add(
                    at: address,
                    "\"\(text)\" is not an address for resolution \(resolution)",
                    hint: "write an IP address with STATIC, a host name with DNS"
                )
            }
        }
        for (name, place) in endpoint["ports"]?.entries ?? [] where !names.contains(name) {
            report.add(
                at: place,
                "the ServiceEntry has no port \"\(name)\"",
                hint: "name one of the ServiceEntry's ports"
            )
        }
    }
}
