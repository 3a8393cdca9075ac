// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The labels or the namespace of a match's source can't exist on any workload.
enum MatchSourceRule: ObjectRule {
    static let code = RuleCode("CAN0224", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let others = (object.tlsRoutes + object.tcpRoutes).flatMap { $0["match"]?.items ?? [] }
        for match in object.httpMatches + others {
            report.checkLabels(match["sourceLabels"])
        }
        for match in object.httpMatches {
            guard let place = match["sourceNamespace"], let name = place.string, !name.isEmpty,
                !IstioName.isLabel(name)
            else { continue }
            report.add(
                at: place,
                "\"\(name)\" is not a namespace's name",
                hint: "use at most 63 lower-case letters, digits and \"-\""
            )
        }
    }
}
