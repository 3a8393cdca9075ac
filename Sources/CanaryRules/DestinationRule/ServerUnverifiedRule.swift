// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// TLS to a host, `SIMPLE` or `MUTUAL`, names no certificate authority, so that the server's certificate is not verified.
/// A `credentialName` counts only in a DestinationRule with a workload selector. istioctl does not look at subsets.
enum ServerUnverifiedRule: ObjectRule {
    static let code = RuleCode("CAN0616", istio: "IST0128")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for policy in object.trafficPolicies {
            check(policy, object, isKnownToIstio: object.isMainPolicy(policy), &report)
        }
    }

    static func check(
        _ level: Located,
        _ object: CheckedObject,
        isKnownToIstio: Bool,
        _ report: inout RuleReport
    ) {
        guard let tls = level["tls"], let mode = tls["mode"], ["SIMPLE", "MUTUAL"].contains(mode.string),
            (tls["caCertificates"]?.string ?? "").isEmpty
        else { return }
        let hasCredential = !(tls["credentialName"]?.string ?? "").isEmpty
        guard !hasCredential || object.spec?["workloadSelector"] == nil else { return }
        report.add(
            at: tls.field("caCertificates"),
            "TLS mode \(mode.string ?? "") has no \"caCertificates\": the server's certificate is not verified",
            hint: hasCredential
                ? "add a \"workloadSelector\", without which \"credentialName\" has no effect"
                : "add caCertificates: system, or the path of a file",
            isKnownToIstio: isKnownToIstio
        )
    }
}
