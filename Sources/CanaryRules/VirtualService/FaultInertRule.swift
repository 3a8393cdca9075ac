// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A fault concerns no request, because it has no percentage, which is 0 % and not all; or a delay has no time. Istio takes both, and
/// injects nothing.
enum FaultInertRule: ObjectRule {
    static let code = RuleCode("CAN1132")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for fault in object.httpRoutes.compactMap({ $0["fault"] }) {
            if let abort = fault["abort"] { checkShare(of: abort, "abort", &report) }
            guard let delay = fault["delay"] else { continue }
            guard delay["fixedDelay"] != nil || delay["exponentialDelay"] != nil else {
                report.add(
                    at: delay,
                    "the delay has no time and does nothing",
                    hint: "give \"fixedDelay\", such as 2s"
                )
                continue
            }
            if delay["percent"] == nil { checkShare(of: delay, "delay", &report) }
        }
    }

    private static func checkShare(of fault: Located, _ noun: String, _ report: inout RuleReport) {
        guard fault["percentage"]?["value"] == nil else { return }
        report.add(
            at: fault,
            "the \(noun) has no percentage, which is 0 %: it concerns no request",
            hint: "write percentage: {value: 100} for all"
        )
    }
}
