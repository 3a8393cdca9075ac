// SPDX-License-Identifier: Apache-2.0

/// A container asks for more of a resource than its limit, or for less than nothing.
enum ContainerResourcesRule: ObjectRule {
    static let code = RuleCode("CAN0414")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for resources in object.containers.compactMap({ $0["resources"] }) {
            let limits = resources["limits"]
            for (name, place) in (resources["requests"]?.entries ?? []) + (limits?.entries ?? []) {
                guard let value = Quantity(place.node), value.value < 0 else { continue }
                report.add(at: place, "the amount of \"\(name)\" is below 0")
            }
            for (name, place) in resources["requests"]?.entries ?? [] {
                guard let request = Quantity(place.node), let limit = limits?[name],
                    let most = Quantity(limit.node),
                    request > most
                else { continue }
                report.add(
                    at: place,
                    "the container asks for more \(name) than its limit",
                    hint: "raise the limit or lower the request"
                )
            }
        }
    }
}
