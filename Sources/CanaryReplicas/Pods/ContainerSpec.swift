// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container of a pod, with Kubernetes' defaults filled in.
package struct ContainerSpec: Hashable, Sendable {
    package struct Port: Hashable, Sendable {
        package var name: String?
        package var number: Int
    }

    package var name: String
    package var image: String?
    /// `Always`, `IfNotPresent` or `Never`.
    package var imagePullPolicy: String?
    package var command: [String]
    package var arguments: [String]
    package var workingDirectory: String?
    package var environmentSources: [EnvironmentSource]
    package var environment: [EnvironmentVariable]
    package var ports: [Port]
    /// By the names of resources: `cpu` in thousandths of a core, `memory` in thousandths of a byte.
    package var requests: [String: MilliValue]
    package var limits: [String: MilliValue]
    package var startupProbe: Probe?
    package var readinessProbe: Probe?
    package var livenessProbe: Probe?
    package var postStart: ProbeHandler?
    package var preStop: ProbeHandler?
    package var runAsUser: Int?
    /// An init container that stays: it has begun, and the next one follows.
    package var isSidecar: Bool

    init(_ node: Node, podUser: Int?) {
        name = node["name"]?.string ?? ""
        image = node["image"]?.string
        imagePullPolicy = node["imagePullPolicy"]?.string
        command = node["command"]?.strings ?? []
        arguments = node["args"]?.strings ?? []
        workingDirectory = node["workingDir"]?.string
        environmentSources = (node["envFrom"]?.items ?? []).compactMap(EnvironmentSource.init)
        environment = (node["env"]?.items ?? []).compactMap(EnvironmentVariable.init)
        ports = (node["ports"]?.items ?? []).compactMap { port in
            port["containerPort"]?.count.map { Port(name: port["name"]?.string, number: $0) }
        }
        let resources = node["resources"]
        limits = Self.amounts(resources?["limits"])
        // What is limited and not requested is requested up to its limit.
        requests = limits.merging(Self.amounts(resources?["requests"])) { $1 }
        startupProbe = Probe(node["startupProbe"])
        readinessProbe = Probe(node["readinessProbe"])
        livenessProbe = Probe(node["livenessProbe"])
        postStart = ProbeHandler(node["lifecycle"]?["postStart"])
        preStop = ProbeHandler(node["lifecycle"]?["preStop"])
        runAsUser = node["securityContext"]?["runAsUser"]?.count ?? podUser
        isSidecar = node["restartPolicy"]?.string == "Always"
    }

    private static func amounts(_ node: Node?) -> [String: MilliValue] {
        let entries = (node?.mapping?.entries ?? []).compactMap { entry in
            MilliValue(entry.value).map { (entry.key, $0) }
        }
        return Dictionary(entries) { $1 }
    }

    var configReferences: [ConfigReference] {
        environmentSources.map(\.reference)
            + environment.compactMap {
                if case .key(let reference, _, _) = $0.source { reference } else { nil }
            }
    }
}
