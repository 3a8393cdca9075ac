// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A VirtualService without hosts is a delegate, which takes its gateways from the one that delegates to it and has only
/// HTTP routes: `gateways`, `tls` and `tcp` can't be given, and its routes can't delegate further.
enum DelegateShapeRule: ObjectRule {
    static let code = RuleCode("CAN0205", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let spec = object.spec, (spec["hosts"]?.items ?? []).isEmpty else { return }
        for key in ["gateways", "tls", "tcp"] {
            guard let value = spec[key], !value.items.isEmpty else { continue }
            report.add(
                at: value,
                "a VirtualService without hosts is a delegate, which has no \"\(key)\"",
                hint: "add \"hosts:\", or remove \"\(key)\""
            )
        }
        for route in object.httpRoutes {
            guard let delegate = route["delegate"] else { continue }
            report.add(
                at: delegate,
                "a delegate can't delegate further",
                hint: "move the routes into this object"
            )
        }
    }
}
