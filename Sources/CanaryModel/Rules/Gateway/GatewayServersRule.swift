// SPDX-License-Identifier: Apache-2.0

/// A Gateway has no server, or a name that is no DNS label.
enum GatewayServersRule: ObjectRule {
    static let code = RuleCode("CAN0701", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        if (object.spec?["servers"]?.items ?? []).isEmpty {
            report.add(at: object.specField("servers"), "the Gateway has no servers")
        }
        for (key, value) in object.spec?["selector"]?.entries ?? [] {
            if !KubernetesName.isQualified(key) {
                report.add(at: value, "\"\(key)\" is not a label's key")
            } else if let text = value.string, !KubernetesName.isIstioLabelValue(text) {
                report.add(at: value, "\"\(text)\" is not a label's value")
            }
        }
    }
}
