// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A percentage of outlier detection is outside 0 to 100, or failures of local origin are counted without being told
/// apart.
enum OutlierDetectionValuesRule: ObjectRule {
    static let code = RuleCode("CAN0607", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for outlier in object.policyLevels.compactMap({ $0["outlierDetection"] }) {
            for key in ["maxEjectionPercent", "minHealthPercent"] {
                guard let place = outlier[key], let value = place.integer, !(0...100).contains(value) else {
                    continue
                }
                report.add(
                    at: place,
                    "\"\(key)\" is outside 0 to 100",
                    hint: "write a percentage from 0 to 100"
                )
            }
            if let failures = outlier["consecutiveLocalOriginFailures"], (failures.integer ?? 0) > 0,
                outlier["splitExternalLocalOriginErrors"]?.node.bool != true
            {
                report.add(
                    at: failures,
                    "local failures are counted only if \"splitExternalLocalOriginErrors\" is true",
                    hint: "add splitExternalLocalOriginErrors: true"
                )
            }
        }
    }
}
