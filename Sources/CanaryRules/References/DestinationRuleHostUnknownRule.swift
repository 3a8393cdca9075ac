// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The host of a DestinationRule is no Service and no ServiceEntry, so that it has no effect.
enum DestinationRuleHostUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0813", istio: "IST0174")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let namespace = object.resource.namespace
        guard let place = object.spec?["host"], let name = place.string, !name.isEmpty, name != "*" else {
            return
        }
        let full = HostName.resolve(name, namespace: namespace)
        guard !cluster.isKnown(full, namedBy: object.resource) else { return }
        report.add(
            at: place,
            "there is no Service or ServiceEntry for the host \"\(name)\"",
            hint: cluster.hint(forHost: name, namespace: namespace)
                ?? "add a Service of that name, or a ServiceEntry for a host outside the cluster"
        )
    }
}
