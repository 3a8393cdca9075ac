// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A reference to a gateway is neither `mesh`, a name, nor `namespace/name`. Istio stops looking behind the first name
/// without namespace; what is wrong there is a warning.
enum GatewayReferenceSyntaxRule: ObjectRule {
    static let code = RuleCode("CAN0208", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let matches =
            object.httpMatches + (object.tlsRoutes + object.tcpRoutes).flatMap { $0["match"]?.items ?? [] }
        let lists = [object.spec?["gateways"]] + matches.map { $0["gateways"] }
        for list in lists { check(list?.items ?? [], &report) }
    }

    private static func check(_ list: [Located], _ report: inout RuleReport) {
        var isSeen = true
        for reference in list {
            let text = reference.string ?? ""
            defer { isSeen = isSeen && text.utf8.contains(UInt8(ascii: "/")) }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isGood =
                parts.count == 1
                ? IstioName.isFullName(text) : parts.count == 2 && parts.allSatisfy { IstioName.isLabel($0) }
            guard !isGood else { continue }
            report.add(
                at: reference,
                "\"\(text)\" does not name a gateway",
                hint: "write the gateway's name, namespace/name, or mesh",
                severity: isSeen ? nil : .warning,
                isKnownToIstio: isSeen
            )
        }
    }
}
