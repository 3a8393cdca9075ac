// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A pod's time to end is negative, or its deadline is not above zero.
enum PodDeadlinesRule: ObjectRule {
    static let code = RuleCode("CAN0415")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let pod = object.podSpec else { return }
        for (key, least) in [("terminationGracePeriodSeconds", 0), ("activeDeadlineSeconds", 1)]
            as [(String, Int64)]
        {
            guard let place = pod[key], let value = place.integer, value < least else { continue }
            report.add(at: place, "\"\(key)\" is below \(least)", hint: "write \(least) or more")
        }
    }
}
