// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several Services select the pods of one Deployment and reach the same target port by different ports. Istio takes the
/// first of them for requests that arrive at the pod, whichever was meant.
enum DeploymentPortsRule: ReferenceRule {
    static let code = RuleCode("CAN0823", istio: "IST0137")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard cluster.isInMesh(object.resource) else { return }
        var users: [String: [Int: String]] = [:]
        for service in cluster.services(of: object) {
            for port in service.service?.ports ?? [] {
                users[port.targetText, default: [:]][port.port] = service.name
            }
        }
        for (target, ports) in users.sorted(by: { $0.key < $1.key }) where ports.count > 1 {
            let uses = ports.sorted { $0.key < $1.key }.map { "\($0.key) of Service \"\($0.value)\"" }
            report.add(
                at: object.metadata?["name"] ?? object.root,
                "target port \(target) is behind several ports: \(uses.joined(separator: ", "))",
                hint: "give them one port, or target ports of their own"
            )
        }
    }
}

extension Service.Port {
    /// The target port as text; zero and an empty name stand for the port itself.
    fileprivate var targetText: String {
        switch targetPort {
        case .number(let number): String(number == 0 ? port : number)
        case .name(let name): name.isEmpty ? String(port) : name
        }
    }
}
