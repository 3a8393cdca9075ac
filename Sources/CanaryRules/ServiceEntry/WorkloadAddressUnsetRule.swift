// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A WorkloadEntry, or an endpoint of a ServiceEntry, has a network and no address: it is reached through that network's
/// gateway alone.
enum WorkloadAddressUnsetRule: ObjectRule {
    static let code = RuleCode("CAN0722", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.workloadEntry, .serviceEntry]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let isEntry = object.resource.kind == .workloadEntry
        let endpoints = isEntry ? [object.spec].compactMap(\.self) : object.spec?["endpoints"]?.items ?? []
        for endpoint in endpoints {
            guard let network = endpoint["network"], let name = network.string, !name.isEmpty,
                (endpoint["address"]?.string ?? "").isEmpty
            else { continue }
            report.add(
                at: network,
                "there is no address, only the network \"\(name)\"",
                hint: "add \"address:\" unless the network's gateway is meant"
            )
        }
    }
}
