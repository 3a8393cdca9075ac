// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Gateway's annotation `proxy.istio.io/config` can't be used: it has to be JSON with values that Istio knows.
enum GatewayTopologyRule: ObjectRule {
    static let code = RuleCode("CAN0724")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.gateway]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let place = object.metadata?["annotations"]?[GatewayTopology.annotation],
            let text = place.string
        else { return }
        do throws(GatewayTopology.Problem) {
            _ = try GatewayTopology.read(text)
        } catch {
            report.add(
                at: place,
                "the annotation \"\(GatewayTopology.annotation)\" has no effect: \(error.text)",
                hint: "write JSON, such as '{\"gatewayTopology\": {\"proxyProtocol\": {}}}'"
            )
        }
    }
}
