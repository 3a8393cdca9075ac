// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route delegates to a VirtualService that does not exist, or that is no delegate because it has hosts. The route then
/// takes no request.
enum DelegateUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0812")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            guard let delegate = route["delegate"] else { continue }
            let name = delegate["name"]?.string ?? ""
            let namespace = delegate["namespace"]?.string ?? object.resource.namespace
            let key = ResourceKey(.virtualService, namespace: namespace, name: name)
            if let target = cluster.snapshot.resource(key)?.virtualService {
                guard !target.isDelegate else { continue }
                report.add(
                    at: delegate,
                    "the VirtualService \"\(namespace)/\(name)\" has hosts and can't be a delegate",
                    hint: "remove its \"hosts\""
                )
            } else {
                report.add(
                    at: delegate,
                    "there is no VirtualService \"\(name)\" in namespace \"\(namespace)\" to delegate to",
                    hint: "create it, without \"hosts\", or correct the name"
                )
            }
        }
    }
}
