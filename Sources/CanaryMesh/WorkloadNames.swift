// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which Deployment of a host an endpoint belongs to. Belongs to one thread.
package final class WorkloadNames {
    private let byVersion: [String?: [(name: String, selector: LabelSelector)]]
    /// Endpoints are many, and what they are labelled with mostly the same.
    private var known: [[String: String]: String?] = [:]

    package init(_ host: HostView) {
        var byVersion: [String?: [(name: String, selector: LabelSelector)]] = [:]
        for resource in host.selected where resource.kind == .deployment {
            guard let deployment = resource.deployment else { continue }
            let version = deployment.template.labels[ResolvedDestination.versionLabel]
            byVersion[version, default: []].append((resource.name, deployment.selector))
        }
        self.byVersion = byVersion
    }

    /// The oldest Deployment whose selector takes the labels and whose pods have the same version.
    package func name(for labels: [String: String]) -> String? {
        if let name = known[labels] { return name }
        let candidates = byVersion[labels[ResolvedDestination.versionLabel]] ?? []
        let name = candidates.first { $0.selector.matches(labels) }?.name
        known[labels] = .some(name)
        return name
    }
}
