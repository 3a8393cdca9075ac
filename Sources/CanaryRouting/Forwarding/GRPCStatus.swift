// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// The statuses of gRPC, as `grpc-status` carries them.
package enum GRPCStatus {
    /// Each at its number.
    package static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
        "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// The number of a status that is written as its name or its number; `nil` for anything else.
    package static func number(_ text: String) -> Int32? {
        (names.firstIndex(of: text) ?? Int(text)).flatMap { Int32(exactly: $0) }.flatMap {
            $0 >= 0 ? $0 : nil
        }
    }

    /// What an HTTP status of the proxy's own means to a gRPC client (grpc's `http-grpc-status-mapping.md`, as Envoy has it).
    package static func number(ofHTTP status: Int32) -> Int32 {
        switch status {
        case 200: 0
        case 400: 13
        case 401: 16
        case 403: 7
        case 404: 12
        case 429, 502, 503, 504: 14
        default: 2
        }
    }

    /// Whether a content type is gRPC's: `application/grpc`, alone or with an encoding behind a plus sign. gRPC-Web is not.
    package static func isGRPC(contentType: ByteSlice) -> Bool {
        let prefix = ByteSlice("application/grpc")
        guard contentType.hasPrefix(prefix) else { return false }
        return contentType.count == prefix.count || contentType[prefix.count] == UInt8(ascii: "+")
    }
}
