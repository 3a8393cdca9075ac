// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources

/// The versions of a host: values of the `version` label that its endpoints and Deployments carry.
package struct VersionCatalog: Sendable {
    package struct Version: Sendable {
        /// `nil` for endpoints and Deployments without the label.
        package var name: String?
        package var readyEndpoints = 0
        package var totalEndpoints = 0
        /// The ready endpoints' weights.
        package var readyWeight = 0
        /// Declared replicas of all its Deployments; one where a Deployment gives none.
        package var replicas = 0
        package var workloads: [String] = []
    }

    /// In alphabetical order, the one without a label last.
    package let versions: [Version]

    package init(_ host: HostView) {
        var found: [String?: Version] = [:]
        for endpoint in host.service?.ports.first.map({ host.endpoints([:], at: $0) }) ?? [] {
            let name = endpoint.labels[ResolvedDestination.versionLabel]
            found[name, default: Version(name: name)].totalEndpoints += 1
            guard endpoint.isReady else { continue }
            found[name]?.readyEndpoints += 1
            found[name]?.readyWeight += endpoint.weight
        }
        for resource in host.controllers {
            let name = resource.workloadLabels?[ResolvedDestination.versionLabel]
            found[name, default: Version(name: name)].workloads.append(resource.name)
            found[name]?.replicas &+= max(0, min(resource.declaredReplicas ?? 1, Int(Int32.max)))
        }
        versions = found.values.map { version in
            var version = version
            version.workloads.sort()
            return version
        }.sorted { ($0.name == nil ? 1 : 0, $0.name ?? "") < ($1.name == nil ? 1 : 0, $1.name ?? "") }
    }

    package func version(_ name: String) -> Version? { versions.first { $0.name == name } }
}
