// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
package import CanarySystem

/// Asks somebody else's server, and trusts it with nothing: neither with time nor with memory. Redirects are not followed.
package enum HTTPClient {
    /// An answer with a longer body is none.
    package static let mostBytes = 1 << 20

    /// Connects, and asks for nothing.
    package static func reach(_ url: HTTPURL, deadline: Int64) throws(HTTPFailure) {
        _ = try HTTPConnection(to: url, deadline: deadline, cancelledBy: nil)
    }

    /// - Parameter deadline: for connection and whole answer, in milliseconds of the monotonic clock.
    package static func answer(
        to request: HTTPRequest,
        deadline: Int64,
        cancelledBy cancellation: EventDescriptor? = nil
    ) throws(HTTPFailure) -> HTTPAnswer {
        if request.url.isSecure {
            return try SecureHTTPClient.answer(to: request, deadline, mostBytes, cancellation)
        }
        let connection = try HTTPConnection(to: request.url, deadline: deadline, cancelledBy: cancellation)
        try connection.send(request.bytes)
        var reader = HTTPAnswerReader(limit: mostBytes)
        while true {
            let bytes = try connection.receive()
            if bytes.isEmpty { return try reader.end() }
            if let answer = try reader.take(bytes) { return answer }
        }
    }
}
