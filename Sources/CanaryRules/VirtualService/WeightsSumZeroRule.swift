// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A route has several destinations and the sum of their weights is zero, so that no request could be sent anywhere. A
/// missing weight counts as zero. A single destination takes everything, whatever its weight.
enum WeightsSumZeroRule: ObjectRule {
    static let code = RuleCode("CAN0203", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes + object.tlsRoutes + object.tcpRoutes {
            guard let list = route["route"], list.items.count > 1 else { continue }
            let written = list.items.map { $0["weight"] }
            // What is no integer is a finding of its own, and may be the number that was meant.
            guard written.allSatisfy({ $0 == nil || $0?.integer != nil }) else { continue }
            let weights = written.map { $0?.integer ?? 0 }
            // Istio adds up 32-bit numbers.
            guard weights.reduce(Int32(0), { $0 &+ Int32(truncatingIfNeeded: $1) }) == 0 else { continue }
            report.add(
                at: list,
                "no destination of the route can receive traffic: all weights are 0",
                hint: "give at least one destination a weight above 0"
            )
        }
    }
}
