// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several ServiceEntries give a port of one host different protocols, in a namespace that sees them all. Which of them
/// Istio uses is not defined.
enum EntryProtocolConflictRule: ReferenceRule {
    static let code = RuleCode("CAN0824", istio: "IST0177")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.serviceEntry]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard let entry = object.resource.serviceEntry else { return }
        for place in object.spec?["ports"]?.items ?? [] {
            guard let number = place["number"]?.integer,
                let port = entry.ports.first(where: { Int64($0.number) == number })
            else { continue }
            for host in entry.hosts {
                guard let rival = cluster.references.entryPorts.rival(of: object.resource, host: host, port)
                else {
                    continue
                }
                let other = rival.resource
                let name = rival.protocol.isEmpty ? "no protocol" : rival.protocol
                report.add(
                    at: place.field("protocol"),
                    "port \(number) of \"\(host)\" has \(name) in ServiceEntry \"\(other.namespace)/\(other.name)\"",
                    hint: "give the port one protocol in both"
                )
                return
            }
        }
    }
}
