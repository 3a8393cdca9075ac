// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Deployment's strategy can't be followed: bounds that are neither numbers nor percentages, both zero, or bounds for
/// the type Recreate.
enum DeploymentStrategyRule: ObjectRule {
    static let code = RuleCode("CAN0404")
    static let kinds: Set<ResourceKind> = [.deployment]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        guard let strategy = object.spec?["strategy"], let update = strategy["rollingUpdate"] else { return }
        guard strategy["type"]?.string != "Recreate" else {
            report.add(
                at: update,
                "a strategy of type Recreate has no \"rollingUpdate\"",
                hint: "remove one of them"
            )
            return
        }
        var zeros = 0
        for key in ["maxUnavailable", "maxSurge"] {
            guard let place = update[key] else { continue }
            guard let value = amount(place.node) else {
                report.add(
                    at: place,
                    "\(place.label) is neither a number nor a percentage such as \"25%\"",
                    hint: "write a number, or a percentage such as \"25%\""
                )
                continue
            }
            if value < 0 { report.add(at: place, "\(place.label) is below 0", hint: "write 0 or more") }
            if key == "maxUnavailable", place.string != nil, value > 100 {
                report.add(at: place, "\(place.label) is above 100%", hint: "write \"100%\" or less")
            }
            if value == 0 { zeros += 1 }
        }
        guard zeros == 2 else { return }
        report.add(
            at: update.field("maxUnavailable"),
            "\"maxUnavailable\" and \"maxSurge\" can't both be 0",
            hint: "raise one of them: nothing could be replaced"
        )
    }

    private static func amount(_ node: Node) -> Int64? {
        if let number = node.integer { return number }
        guard let text = node.string, text.hasSuffix("%") else { return nil }
        let digits = text.dropLast()
        return digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? Int64(digits) : nil
    }
}
