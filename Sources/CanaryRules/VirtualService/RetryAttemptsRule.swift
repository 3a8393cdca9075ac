// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The number of retries is negative; or it is zero or missing, which disables them, while other fields configure them.
enum RetryAttemptsRule: ObjectRule {
    static let code = RuleCode("CAN0232", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for retries in object.httpRoutes.compactMap({ $0["retries"] }) {
            let attempts = retries["attempts"]?.integer ?? 0
            if attempts < 0 {
                report.add(
                    at: retries.field("attempts"),
                    "the number of retries is below 0",
                    hint: "write 0 for no retries"
                )
            }
            let isConfigured =
                retries["perTryTimeout"] != nil || retries["retryRemoteLocalities"] != nil
                || !(retries["retryOn"]?.string ?? "").isEmpty
            if attempts == 0, isConfigured {
                report.add(
                    at: retries.field("attempts"),
                    "retries are configured, but \"attempts\" is 0, which disables them",
                    hint: "give \"attempts\" a number above 0, or remove the other fields"
                )
            }
        }
    }
}
