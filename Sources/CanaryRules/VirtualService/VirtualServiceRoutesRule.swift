// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A VirtualService has no routes at all: none of `http`, `tls` and `tcp` is given.
enum VirtualServiceRoutesRule: ObjectRule {
    static let code = RuleCode("CAN0201", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard ["http", "tls", "tcp"].allSatisfy({ (object.spec?[$0]?.items ?? []).isEmpty }) else { return }
        report.add(
            at: object.specField("http"),
            "the VirtualService has no routes: one of http, tls and tcp must be given",
            hint: "add a list \"http:\" with at least one route"
        )
    }
}
