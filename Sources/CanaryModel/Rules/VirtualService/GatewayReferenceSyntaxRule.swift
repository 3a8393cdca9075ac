// SPDX-License-Identifier: Apache-2.0

/// A reference to a gateway is neither `mesh`, a name, nor `namespace/name`.
enum GatewayReferenceSyntaxRule: ObjectRule {
    static let code = RuleCode("CAN0208", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let matches =
            object.httpMatches + (object.tlsRoutes + object.tcpRoutes).flatMap { $0["match"]?.items ?? [] }
        let lists = [object.spec?["gateways"]] + matches.map { $0["gateways"] }
        for reference in lists.flatMap({ $0?.items ?? [] }) {
            let text = reference.string ?? ""
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isGood =
                parts.count == 1
                ? IstioName.isFullName(text) : parts.count == 2 && parts.allSatisfy { IstioName.isLabel($0) }
            guard !isGood else { continue }
            report.add(
                at: reference,
                "\"\(text)\" does not name a gateway",
                hint: "write the gateway's name, namespace/name, or mesh"
            )
        }
    }
}
