// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A gateway is named with dots, as in `gateway.namespace`; Istio has replaced this form by `namespace/gateway`.
enum LegacyGatewayNameRule: ObjectRule {
    static let code = RuleCode("CAN0209", istio: "IST0133")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        check(object.spec?["gateways"], isKnownToIstio: true, &report)
        let matches =
            object.httpMatches + (object.tlsRoutes + object.tcpRoutes).flatMap { $0["match"]?.items ?? [] }
        for match in matches { check(match["gateways"], isKnownToIstio: false, &report) }
    }

    private static func check(_ list: Located?, isKnownToIstio: Bool, _ report: inout RuleReport) {
        // Istio stops looking behind the first name without namespace.
        var isSeen = isKnownToIstio
        for reference in list?.items ?? [] {
            let text = reference.string ?? ""
            guard !text.contains("/") else { continue }
            defer { isSeen = false }
            guard text.contains(".") else { continue }
            report.add(
                at: reference,
                "\"\(text)\" is the old form of a gateway's name",
                hint: "write namespace/name",
                isKnownToIstio: isSeen
            )
        }
    }
}
