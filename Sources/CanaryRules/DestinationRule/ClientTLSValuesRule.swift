// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The TLS settings towards a host contradict each other or lack a certificate.
enum ClientTLSValuesRule: ObjectRule {
    static let code = RuleCode("CAN0615", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for tls in object.policyLevels.compactMap({ $0["tls"] }) {
            check(tls, object.resource.namespace, &report)
        }
    }

    private static func check(_ tls: Located, _ namespace: String, _ report: inout RuleReport) {
        func given(_ keys: String...) -> [Located] {
            keys.compactMap { tls[$0] }.filter {
                $0.string != "" && ($0.node.sequence.map { !$0.isEmpty } ?? true)
            }
        }
        let mode = tls["mode"]?.string ?? "DISABLE"
        checkConfigMap(tls["credentialName"], namespace, &report)
        if tls["insecureSkipVerify"]?.node.bool == true, mode == "SIMPLE" || mode == "MUTUAL" {
            let places =
                mode == "SIMPLE"
                ? given("caCertificates", "credentialName", "subjectAltNames")
                : given("caCertificates", "subjectAltNames")
            for place in places {
                report.add(
                    at: place,
                    "\(place.label) can't be combined with \"insecureSkipVerify\"",
                    hint: "keep one of the two"
                )
            }
        }
        guard mode == "SIMPLE" || mode == "MUTUAL" else { return }
        if !given("credentialName").isEmpty {
            for place in given("clientCertificate", "privateKey", "caCertificates", "caCrl") {
                report.add(
                    at: place,
                    "\(place.label) can't be combined with \"credentialName\"",
                    hint: "keep one of the two"
                )
            }
        } else if mode == "MUTUAL" {
            for key in ["clientCertificate", "privateKey"] where given(key).isEmpty {
                report.add(
                    at: tls.field(key),
                    "mutual TLS needs \"\(key)\" or \"credentialName\"",
                    hint: "add it, or a \"credentialName\""
                )
            }
        }
    }

    private static func checkConfigMap(_ place: Located?, _ namespace: String, _ report: inout RuleReport) {
        let scheme = "configmap://"
        guard let place, let name = place.string, name.hasPrefix(scheme) else { return }
        let parts = name.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        if parts.count < 2 || parts[0].isEmpty || parts[1].isEmpty {
            report.add(
                at: place,
                "\"\(name)\" does not name a ConfigMap",
                hint: "write configmap://\(namespace)/NAME"
            )
        } else if parts[0] != namespace {
            report.add(
                at: place,
                "the ConfigMap must be in the namespace \"\(namespace)\"",
                hint: "write configmap://\(namespace)/\(parts[1])"
            )
        }
    }
}
