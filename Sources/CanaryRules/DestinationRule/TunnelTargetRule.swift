// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A tunnel's protocol, host or port can't be used, or it is combined with the PROXY protocol.
enum TunnelTargetRule: ObjectRule {
    static let code = RuleCode("CAN0605", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for policy in object.trafficPolicies {
            guard let tunnel = policy["tunnel"] else { continue }
            if policy["proxyProtocol"] != nil {
                report.add(
                    at: tunnel,
                    "\"tunnel\" and \"proxyProtocol\" can't be combined",
                    hint: "keep one of the two"
                )
            }
            if let place = tunnel["protocol"], let text = place.string,
                !["", "CONNECT", "POST"].contains(text)
            {
                report.add(at: place, "\"\(text)\" is not a tunnel's protocol", hint: "use CONNECT or POST")
            }
            if let host = tunnel["targetHost"], let text = host.string, !IstioName.isFullName(text),
                !IPAddress.isValid(text)
            {
                report.add(
                    at: host,
                    "\"\(text)\" is not a host name or an address",
                    hint: "write a host name such as db.example.com"
                )
            }
            if let port = tunnel["targetPort"], let value = port.integer, !(1...65535).contains(value) {
                report.add(
                    at: port,
                    "port \(value) is outside 1 to 65535",
                    hint: "write the number of a port, from 1 to 65535"
                )
            }
        }
    }
}
