// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The status of a direct response is outside 200 to 600.
enum DirectResponseStatusRule: ObjectRule {
    static let code = RuleCode("CAN0237", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for response in object.httpRoutes.compactMap({ $0["directResponse"] }) {
            guard let status = response["status"], let value = status.integer, !(200...600).contains(value)
            else {
                continue
            }
            report.add(
                at: status,
                "status \(value) is outside 200 to 600",
                hint: "write a status such as 503"
            )
        }
    }
}
