// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A duration is finer than a millisecond, which Istio refuses.
enum DurationPrecisionRule: ObjectRule {
    static let code = RuleCode("CAN0245", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .destinationRule]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        var places = object.httpRoutes.flatMap { route in
            [
                route["timeout"], route["retries"]?["perTryTimeout"], route["retries"]?["backoff"],
                route["fault"]?["delay"]?["fixedDelay"], route["corsPolicy"]?["maxAge"],
            ]
        }
        places += object.policyLevels.flatMap { level in
            let tcp = level["connectionPool"]?["tcp"]
            let http = level["connectionPool"]?["http"]
            return [
                tcp?["connectTimeout"], tcp?["maxConnectionDuration"], tcp?["tcpKeepalive"]?["time"],
                tcp?["tcpKeepalive"]?["interval"], tcp?["idleTimeout"], http?["idleTimeout"],
                http?["http2KeepAlive"]?["interval"], http?["http2KeepAlive"]?["timeout"],
                level["outlierDetection"]?["interval"], level["outlierDetection"]?["baseEjectionTime"],
                level["loadBalancer"]?["warmup"]?["duration"], level["loadBalancer"]?["warmupDurationSecs"],
            ]
        }
        for place in places.compactMap(\.self) {
            if let problem = place.problemOfDuration {
                report.add(at: place, problem, hint: "write a time such as 500ms or 2s")
            }
        }
    }
}
