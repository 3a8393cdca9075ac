// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several Services select the pods of one Deployment and give the same port different protocols. Istio can serve a port of
/// a pod by one protocol only.
enum DeploymentProtocolsRule: ReferenceRule {
    static let code = RuleCode("CAN0822", istio: "IST0116")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard cluster.isInMesh(object.resource) else { return }
        var users: [Int: [String: Set<String>]] = [:]
        for service in cluster.services(of: object) {
            for port in service.service?.ports ?? [] {
                users[port.port, default: [:]][port.transport, default: []].insert(service.name)
            }
        }
        for (port, names) in users.sorted(by: { $0.key < $1.key }) where names.count > 1 {
            let services = Set(names.values.joined()).sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            report.add(
                at: object.metadata?["name"] ?? object.root,
                "port \(port) has the protocols \(names.keys.sorted().joined(separator: " and ")) in Services "
                    + "\(services), which all select this Deployment",
                hint: "give the port one protocol in all of them"
            )
        }
    }
}

extension ClusterView {
    /// Whether Istio adds its proxy to a Deployment's pods, as istioctl decides it; where the namespace is not in the input
    /// it is taken to be in the mesh.
    func isInMesh(_ deployment: Resource) -> Bool {
        let template = deployment.body["spec"]?["template"]
        let containers = template?["spec"]?["containers"]?.items ?? []
        if deployment.metadata.labels["gateway.istio.io/managed"] == "istio.io-mesh-controller" {
            return false
        }
        if containers.contains(where: { $0["name"]?.string == "istio-proxy" && $0["image"]?.string != nil }) {
            return true
        }
        for key in ["labels", "annotations"] {
            if let word = template?["metadata"]?[key]?["sidecar.istio.io/inject"]?.string {
                return word == "true"
            }
        }
        let key = ResourceKey(.namespace, namespace: "", name: deployment.namespace)
        guard let labels = snapshot.resource(key)?.metadata.labels else { return true }
        return labels["istio-injection"].map { $0 == "enabled" } ?? (labels["istio.io/rev"] != nil)
    }
}
