// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Service's cluster IP is neither an address nor `None`; with `None` it can't be of type NodePort or LoadBalancer.
enum ServiceClusterIPRule: ObjectRule {
    static let code = RuleCode("CAN0307")
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec else { return }
        let lists = (spec["clusterIPs"]?.items ?? []) + (spec["externalIPs"]?.items ?? [])
        for place in [spec["clusterIP"]].compactMap(\.self) + lists {
            guard let text = place.string, text != "", text != "None", !IPAddress.isValid(text) else {
                continue
            }
            report.add(
                at: place,
                "\"\(text)\" is not an address",
                hint: "remove it, or write None for no address"
            )
        }
        let type = spec["type"]?.string ?? "ClusterIP"
        guard spec["clusterIP"]?.string == "None", type == "NodePort" || type == "LoadBalancer" else {
            return
        }
        report.add(
            at: spec.field("clusterIP"),
            "a Service of type \(type) can't be headless",
            hint: "leave \"clusterIP\" out, or use type ClusterIP"
        )
    }
}
