// SPDX-License-Identifier: Apache-2.0

/// A gateway is named with dots, as in `gateway.namespace`; Istio has replaced this form by `namespace/gateway`.
enum LegacyGatewayNameRule: ObjectRule {
    static let code = RuleCode("CAN0209", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let lists = [object.spec?["gateways"]] + object.httpMatches.map { $0["gateways"] }
        for reference in lists.flatMap({ $0?.items ?? [] }) {
            guard let text = reference.string, !text.contains("/"), text.contains(".") else { continue }
            report.add(
                at: reference,
                "\"\(text)\" is the old form of a gateway's name",
                hint: "write namespace/name"
            )
        }
    }
}
