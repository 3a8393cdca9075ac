// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What a pod runs, read from a Pod or from the template of a Deployment, with Kubernetes' defaults filled in.
package struct PodSpec: Hashable, Sendable {
    package enum RestartPolicy: String, Sendable {
        case always = "Always"
        case onFailure = "OnFailure"
        case never = "Never"
    }

    package var labels: [String: String]
    package var annotations: [String: String]
    /// They run one after the other, each to its end, but for those that stay as sidecars.
    package var initContainers: [ContainerSpec]
    package var containers: [ContainerSpec]
    package var restartPolicy: RestartPolicy
    package var terminationGracePeriod: Duration
    package var runAsUser: Int?
    /// Whether containers of images share the machine's network; processes always do.
    package var usesHostNetwork: Bool
    package var serviceAccountName: String
    /// Paths of fields that are written and mean nothing to a process on one machine: `volumes`, `containers[app].tty`.
    package var unservedFields: [String]

    /// - Parameter template: with `metadata` and `spec`.
    package init(_ template: Node) {
        let metadata = template["metadata"]
        let spec = template["spec"]
        labels = metadata?["labels"]?.stringMap ?? [:]
        annotations = metadata?["annotations"]?.stringMap ?? [:]
        let user = spec?["securityContext"]?["runAsUser"]?.count
        initContainers = (spec?["initContainers"]?.items ?? []).map { ContainerSpec($0, podUser: user) }
        containers = (spec?["containers"]?.items ?? []).map { ContainerSpec($0, podUser: user) }
        restartPolicy = spec?["restartPolicy"]?.string.flatMap(RestartPolicy.init) ?? .always
        terminationGracePeriod = max(spec?["terminationGracePeriodSeconds"]?.seconds ?? .seconds(30), .zero)
        runAsUser = user
        usesHostNetwork = spec?["hostNetwork"]?.bool ?? false
        serviceAccountName = spec?["serviceAccountName"]?.string ?? "default"
        unservedFields = UnservedFields.paths(in: spec)
    }

    /// Of a Deployment whose body is kept, or of a Pod; `nil` for other kinds.
    package init?(_ resource: Resource) {
        switch resource.kind {
        case .deployment: self.init(resource.body["spec"]?["template"] ?? .mapping([:]))
        case .pod: self.init(resource.body)
        default: return nil
        }
    }

    /// All of them, in the order in which they begin.
    package var allContainers: [ContainerSpec] { initContainers + containers }

    /// The ConfigMaps and Secrets that its containers read.
    package var configReferences: Set<ConfigReference> {
        Set(allContainers.flatMap(\.configReferences))
    }

    /// Those whose use is compared with what the pod requests: sidecars take part, what only runs before does not.
    package var observedContainers: [ObservedPod.Container] {
        (containers + initContainers.filter(\.isSidecar)).map {
            ObservedPod.Container($0.name, requests: $0.requests)
        }
    }
}
