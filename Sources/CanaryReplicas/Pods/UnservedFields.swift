// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which fields of a pod's spec mean nothing where pods are processes of one machine.
enum UnservedFields {
    private static let served: Set = [
        "containers", "hostNetwork", "initContainers", "restartPolicy", "securityContext.runAsUser",
        "serviceAccountName",
        "terminationGracePeriodSeconds",
    ]

    private static let servedOfContainers: Set = [
        "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle.postStart",
        "lifecycle.preStop", "livenessProbe", "name", "ports", "readinessProbe", "resources.limits",
        "resources.requests",
        "restartPolicy", "securityContext.runAsUser", "startupProbe", "workingDir",
    ]

    /// Mappings that are served in part.
    private static let opened: Set = ["securityContext", "lifecycle", "resources"]

    static func paths(in spec: Node?) -> [String] {
        let own = spec.map { paths(in: $0, served: served) } ?? []
        let containers = ["initContainers", "containers"].flatMap { list in
            (spec?[list]?.items ?? []).flatMap { container in
                let fixed = (container["ports"]?.items ?? []).contains { $0["hostPort"]?.integer ?? 0 > 0 }
                return (paths(in: container, served: servedOfContainers) + (fixed ? ["ports.hostPort"] : []))
                    .map { "\(list)[\(container["name"]?.string ?? "")].\($0)" }
            }
        }
        return own + containers
    }

    private static func paths(in node: Node, served: Set<String>) -> [String] {
        (node.mapping?.entries ?? []).filter { !$0.value.isNull }.flatMap { entry -> [String] in
            guard opened.contains(entry.key) else { return served.contains(entry.key) ? [] : [entry.key] }
            return (entry.value.mapping?.entries ?? []).map { "\(entry.key).\($0.key)" }
                .filter { !served.contains($0) }
        }
    }
}
