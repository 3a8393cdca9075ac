// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The share of requests to mirror is outside 0 to 100 percent.
enum MirrorShareRule: ObjectRule {
    static let code = RuleCode("CAN0213", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for route in object.httpRoutes {
            let mirrors = route["mirrors"]?.items ?? []
            let places =
                [route["mirrorPercent"], route["mirror_percent"], route["mirrorPercentage"]?["value"]]
                + mirrors.map { $0["percentage"]?["value"] }
            for place in places.compactMap(\.self) {
                guard let value = place.node.number, !(0...100).contains(value) else { continue }
                report.add(
                    at: place,
                    "\(place.label) is outside 0 to 100",
                    hint: "write a percentage from 0 to 100"
                )
            }
        }
    }
}
