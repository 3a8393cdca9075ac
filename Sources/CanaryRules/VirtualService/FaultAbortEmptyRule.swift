// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An abort has no error to answer with, so that it does nothing.
enum FaultAbortEmptyRule: ObjectRule {
    static let code = RuleCode("CAN0231")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for abort in object.httpRoutes.compactMap({ $0["fault"]?["abort"] }) {
            guard ["httpStatus", "grpcStatus", "http2Error"].allSatisfy({ abort[$0] == nil }) else {
                continue
            }
            report.add(at: abort, "the abort has no status and does nothing", hint: "give \"httpStatus\"")
        }
    }
}
