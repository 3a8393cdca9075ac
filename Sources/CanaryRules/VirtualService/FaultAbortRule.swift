// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The error that a fault answers with is not one that can be made: an HTTP status outside 200 to 600, an unknown gRPC
/// status, or an HTTP/2 error, which Istio does not support.
enum FaultAbortRule: ObjectRule {
    static let code = RuleCode("CAN0229", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    private static let grpcStatuses: Set<String> = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for abort in object.httpRoutes.compactMap({ $0["fault"]?["abort"] }) {
            if let status = abort["httpStatus"], let value = status.integer, !(200...600).contains(value) {
                report.add(
                    at: status,
                    "status \(value) is outside 200 to 600",
                    hint: "write a status such as 503"
                )
            }
            if let status = abort["grpcStatus"], let name = status.string, !grpcStatuses.contains(name) {
                let near = Suggestion.closest(to: name, among: grpcStatuses.sorted())
                report.add(
                    at: status,
                    "\"\(name)\" is not a gRPC status",
                    hint: near.map { "did you mean \"\($0)\"?" } ?? "write a name such as UNAVAILABLE"
                )
            }
            if let error = abort["http2Error"] {
                report.add(
                    at: error,
                    "HTTP/2 errors are not supported",
                    hint: "use \"httpStatus\" or \"grpcStatus\""
                )
            }
        }
    }
}
