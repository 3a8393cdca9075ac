// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An item of the list of HTTP routes is null, as a lone `-` is.
enum RouteNullRule: ObjectRule {
    static let code = RuleCode("CAN0210", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.spec?["http"]?.items ?? [] where route.isNull {
            report.add(at: route, "the route is empty", hint: "remove the \"-\", or write a route after it")
        }
    }
}
