// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// No Deployment, Pod or WorkloadEntry carries the labels that a Service selects, so that it will have no endpoints.
enum ServiceSelectsNothingRule: ReferenceRule {
    static let code = RuleCode("CAN0808")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let namespace = object.resource.namespace
        guard let service = object.resource.service, !service.selector.isEmpty,
            service.type != "ExternalName",
            cluster.workloads(service.selector, namespace: namespace).isEmpty,
            let place = object.spec?["selector"]
        else { return }
        let selector = service.selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        report.add(
            at: place,
            "no Deployment, Pod or WorkloadEntry in namespace \"\(namespace)\" carries "
                + selector.joined(separator: ","),
            hint: "compare with \"spec.template.metadata.labels\" of the Deployment, or add endpoints with \""
                + "\(EndpointRegistration.command(object.resource.name, in: namespace, home: cluster.home))\""
        )
    }
}
