// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container asks for more of a resource than its limit, or for less than nothing.
enum ContainerResourcesRule: ObjectRule {
    static let code = RuleCode("CAN0414")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for resources in object.containers.compactMap({ $0["resources"] }) {
            let requests = amounts(resources["requests"])
            let limits = amounts(resources["limits"])
            for (name, amount, place) in requests + limits where amount.value < 0 {
                report.add(
                    at: place,
                    "the amount of \"\(name)\" is below 0",
                    hint: "write an amount such as 100m or 64Mi"
                )
            }
            for (name, request, place) in requests {
                guard let limit = limits.first(where: { $0.name == name }), request > limit.amount else {
                    continue
                }
                report.add(
                    at: place,
                    "the container asks for more \(name) than its limit",
                    hint: "raise the limit or lower the request"
                )
            }
        }
    }

    private static func amounts(_ list: Located?) -> [(name: String, amount: Quantity, place: Located)] {
        (list?.entries ?? []).compactMap { name, place in
            Quantity(place.node).map { (name, $0, place) }
        }
    }
}
