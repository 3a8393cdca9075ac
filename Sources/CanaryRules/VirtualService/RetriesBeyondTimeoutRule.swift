// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Not all retries fit into the timeout of the route, which covers all tries together. A retry can begin as long as the tries
/// before it, each as long as `perTryTimeout`, end within the timeout. That no retry can follow a try that takes its time is
/// a warning, that less than half of them can is information.
enum RetriesBeyondTimeoutRule: ObjectRule {
    static let code = RuleCode("CAN1106")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let routes = object.resource.virtualService?.http ?? []
        guard routes.contains(where: { $0.timeout != nil && $0.retries?.perTryTimeout != nil }) else {
            return
        }
        for route in object.httpRoutes {
            guard let total = Duration(route.node["timeout"]), total > .zero,
                let place = route["retries"]?["perTryTimeout"], let each = Duration(place.node), each > .zero,
                let retries = route["retries"]?["attempts"]?.integer, retries > 0
            else { continue }
            let timeout = "the route's timeout of \(route["timeout"]?.string ?? "")"
            let perTry = place.string ?? ""
            // As many retries can begin as tries end before the timeout.
            let possible = ((total - .nanoseconds(1)) / each).rounded(.down)
            if possible < 1 {
                report.add(
                    at: place,
                    "no retry can follow a try that takes \(perTry): \(timeout) ends it",
                    hint: "give a \"timeout\" longer than \"perTryTimeout\""
                )
            } else if possible * 2 < Double(retries) {
                report.add(
                    at: place,
                    "tries that take \(perTry) each leave time for \(Int64(possible)) of \(retries) retries: "
                        + "\(timeout) covers all tries",
                    hint: "shorten \"perTryTimeout\", or give fewer \"attempts\" or a longer \"timeout\"",
                    severity: .info
                )
            }
        }
    }
}
