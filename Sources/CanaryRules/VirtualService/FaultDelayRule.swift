// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A fault asks for an exponential delay, which Istio does not support.
enum FaultDelayRule: ObjectRule {
    static let code = RuleCode("CAN0230", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            guard let delay = route["fault"]?["delay"]?["exponentialDelay"] else { continue }
            report.add(at: delay, "exponential delays are not supported", hint: "use \"fixedDelay\"")
        }
    }
}
