// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources

/// A new endpoint that no route sends to, and whose version nothing but itself names: most often a mistyped label.
enum UnusedEndpoint {
    static func warnings(
        of entry: Resource,
        for service: Resource,
        client namespace: String,
        in change: ClusterChange
    ) throws -> [String] {
        let host = HostName.service(service.name, namespace: service.namespace)
        let labels = entry.workloadLabels ?? [:]
        let users = try change.resources(with: .destination(host))
        guard !users.isEmpty else { return [] }
        let version = labels[ResolvedDestination.versionLabel]
        let earlier = VersionCatalog(
            HostView(host, namespace: namespace, in: try change.view.closure(of: [host]))
        )
        if let version, earlier.version(version) != nil { return [] }
        let view = HostView(host, namespace: namespace, in: try change.closure(of: [host]))
        let isUsed = users.contains { user in
            let connections = (user.virtualService?.tcpRoutes ?? []).flatMap(\.destinations)
            let requests = (user.virtualService?.http ?? []).flatMap(\.destinations)
            return (requests + connections).map(\.destination).contains {
                guard HostName.resolve($0.host, namespace: user.namespace) == host else { return false }
                return view.destination($0.subset).labels.map(labels.contains(all:)) ?? false
            }
        }
        guard !isUsed else { return [] }
        let reason = version.map { "\"\($0)\" has no share" } ?? "no subset takes its labels"
        return ["no route sends requests to this endpoint of \(HostName.short(host)): \(reason)"]
    }
}
