// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A CORS policy allows no origin, so that no browser may read an answer because of it.
enum CorsPolicyInertRule: ObjectRule {
    static let code = RuleCode("CAN1134")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for cors in object.httpRoutes.compactMap({ $0["corsPolicy"] }) {
            let origins = ["allowOrigins", "allowOrigin"].flatMap { cors[$0]?.items ?? [] }
            guard origins.isEmpty else { continue }
            report.add(
                at: cors,
                "the CORS policy allows no origin, and nothing by it",
                hint: "write allowOrigins: [{exact: \"https://shop.example.com\"}], or remove it"
            )
        }
    }
}
