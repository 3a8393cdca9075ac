// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A traffic policy, the settings of one of its ports, or a connection pool is there but says nothing.
enum TrafficPolicyEmptyRule: ObjectRule {
    static let code = RuleCode("CAN0604", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    private static let blocks = ["loadBalancer", "connectionPool", "outlierDetection", "tls"]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let others = ["portLevelSettings", "tunnel", "proxyProtocol", "retryBudget"]
        for policy in object.trafficPolicies where (blocks + others).allSatisfy({ policy[$0] == nil }) {
            report.add(
                at: policy,
                "the traffic policy says nothing",
                hint: "remove it, or add a load balancer"
            )
        }
        for port in object.trafficPolicies.flatMap({ $0["portLevelSettings"]?.items ?? [] }) {
            if port.isNull || blocks.allSatisfy({ port[$0] == nil }) {
                report.add(
                    at: port,
                    "the settings of the port say nothing",
                    hint:
                        "write loadBalancer, connectionPool, outlierDetection or tls beside \"port\", or remove it"
                )
            }
            if !port.isNull, port["port"] == nil {
                report.add(
                    at: port.field("port"),
                    "the settings name no port",
                    hint: "write \"port:\" with the number of the Service's port"
                )
            }
        }
        for pool in object.policyLevels.compactMap({ $0["connectionPool"] }) {
            guard pool["http"] == nil, pool["tcp"] == nil else { continue }
            report.add(
                at: pool,
                "the connection pool has neither \"http\" nor \"tcp\"",
                hint: "write limits below \"http:\" or \"tcp:\", or remove it"
            )
        }
    }
}
