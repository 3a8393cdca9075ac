// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route that delegates changes headers, and so does a route of its delegate: there, the delegate's changes replace all of the
/// delegating route's, they are not put together.
enum RootHeadersReplacedRule: ReferenceRule {
    static let code = RuleCode("CAN1128")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            guard let delegate = route["delegate"], let headers = route["headers"],
                let name = delegate["name"]?.string
            else { continue }
            let namespace = delegate["namespace"]?.string ?? object.resource.namespace
            let key = ResourceKey(.virtualService, namespace: namespace, name: name)
            let leaves = cluster.snapshot.resource(key)?.virtualService?.http ?? []
            let replacing = leaves.indices.filter { index in
                let headers = leaves[index].headers
                return !headers.request.isEmpty || !headers.response.isEmpty
            }
            guard let first = replacing.first else { continue }
            let more = replacing.count > 1 ? " and \(replacing.count - 1) more" : ""
            report.add(
                at: headers,
                "the headers of route \(first)\(more) of VirtualService \(namespace)/\(name) replace these",
                hint: "repeat these changes there"
            )
        }
    }
}
