// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A notification of a Rollout has nobody who gets it, or an address that is none.
enum RolloutNotificationRule: ObjectRule {
    static let code = RuleCode("CAN1219")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for place in object.spec?["notifications"]?.items ?? [] where place.node.mapping != nil {
            report.checkURL(place["webhook"]?["url"])
            guard place["webhook"] == nil, place["command"] == nil else { continue }
            report.add(
                at: place.field("webhook"),
                "nobody gets the notification",
                hint: "write \"webhook: {url: …}\", or \"command:\" with the words of a command"
            )
        }
    }
}
