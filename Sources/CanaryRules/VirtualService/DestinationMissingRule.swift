// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An entry of a route's destinations, or of its mirrors, has no destination.
enum DestinationMissingRule: ObjectRule {
    static let code = RuleCode("CAN0215", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let mirrors = object.httpRoutes.flatMap { $0["mirrors"]?.items ?? [] }
        for entry in object.weightedDestinations + mirrors where entry.isNull {
            report.add(
                at: entry,
                "the entry has no destination",
                hint: "write \"destination:\" with a \"host:\""
            )
        }
    }
}
