// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// No Pod and no Deployment carries the labels that a Gateway selects, so that nothing serves it. Istio's own ingress
/// gateway, `istio: ingressgateway`, is taken for granted; canaryctl's proxy serves every Gateway.
enum GatewaySelectorUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0819", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let gateway = object.resource.gateway, !gateway.selector.isEmpty,
            cluster.references.gatewayWorkloads.selection(gateway.selector).isEmpty,
            let place = object.spec?["selector"]
        else { return }
        let selector = gateway.selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        report.add(
            at: place,
            "no Pod or Deployment carries \(selector.joined(separator: ","))",
            hint: "Istio's own ingress gateway carries istio=ingressgateway"
        )
    }
}
