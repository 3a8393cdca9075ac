// SPDX-License-Identifier: Apache-2.0

/// The statuses of gRPC, as `grpc-status` carries them.
package enum GRPCStatus {
    /// Each at its number.
    package static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
        "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    package static let cancelled: Int32 = 1
    package static let unknown: Int32 = 2
    package static let unavailable: Int32 = 14

    /// The number of a status that is written as its name or its number; `nil` for anything else.
    package static func number(_ text: String) -> Int32? {
        (names.firstIndex(of: text) ?? Int(text)).flatMap { Int32(exactly: $0) }.flatMap {
            $0 >= 0 ? $0 : nil
        }
    }

    /// A number, or UNKNOWN for one that is none of gRPC's.
    package static func known(_ number: Int32) -> Int32 { 0...16 ~= number ? number : unknown }

    /// What an HTTP status of the proxy's own means to a gRPC client (grpc's `http-grpc-status-mapping.md`, as Envoy has it).
    package static func number(ofHTTP status: Int32) -> Int32 {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 502, 503, 504: unavailable
        default: unknown
        }
    }

    /// The HTTP status that says the same, as Envoy has it (`Grpc::Utility::grpcToHttpStatus`): 5xx where the server is to blame.
    package static func http(of number: Int32) -> Int32 {
        switch number {
        case 0: 200
        case 1: 499
        case 3, 9, 11: 400
        case 4: 504
        case 5: 404
        case 6, 10: 409
        case 7: 403
        case 8: 429
        case 12: 501
        case unavailable: 503
        case 16: 401
        default: 500
        }
    }
}
