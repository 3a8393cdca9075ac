// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import CNGHTTP2
import CanarySystem

/// Asks a server how a service of it is, as kubelet does: one call of `grpc.health.v1.Health/Check`, over HTTP/2 without TLS.
package enum GRPCHealthClient {
    /// - Parameters:
    ///   - service: empty for the server as a whole.
    ///   - deadline: in milliseconds of the monotonic clock.
    /// - Returns: what is wrong, in kubelet's words; `nil` for nothing.
    package static func problem(_ url: HTTPURL, service: String, deadline: Int64) -> String? {
        let milliseconds = max(0, deadline - Clock.monotonicMilliseconds())
        let connection: HTTPConnection
        do throws(HTTPFailure) {
            connection = try HTTPConnection(to: url, deadline: deadline, cancelledBy: nil)
        } catch {
            return "failed to connect service \"\(url.authority)\": \(error.reason)"
        }
        do throws(HTTPFailure) {
            let call = try HealthCall(url, service: service, milliseconds: milliseconds)
            return problem(try call.answer(over: connection))
        } catch {
            if Clock.monotonicMilliseconds() >= deadline {
                return "timeout: health rpc did not complete within \(milliseconds)ms"
            }
            return "error: health rpc probe failed: \(error.reason)"
        }
    }

    private static func problem(_ answer: HealthCall.Answer) -> String? {
        guard answer.httpStatus == "200" else {
            return "error: health rpc probe failed: HTTP status \(answer.httpStatus)"
        }
        switch answer.status {
        case "0": break
        case "12":
            return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                + answer.message
        default:
            return "error: health rpc probe failed: code \(answer.status): \(answer.message)"
        }
        guard let status = servingStatus(answer.body) else {
            return "error: health rpc probe failed: its answer is no message"
        }
        let words = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
        let word = words.indices.contains(status) ? words[status] : "\(status)"
        return status == 1 ? nil : "service unhealthy (responded with \"\(word)\")"
    }

    /// Of a `HealthCheckResponse`: field 1 is the status, and 0 is left out. Any other field is skipped, as long as it is a number, too.
    private static func servingStatus(_ frame: [UInt8]) -> Int? {
        // A byte that says whether it is compressed, which nobody asked for, and four of the length.
        guard frame.count >= 5, frame[0] == 0 else { return nil }
        let length = frame[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard frame.count - 5 == length else { return nil }
        var rest = frame[5...]
        var status = 0
        while !rest.isEmpty {
            guard let tag = number(&rest), tag & 7 == 0, let value = number(&rest) else { return nil }
            if tag >> 3 == 1 { status = value }
        }
        return status
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
