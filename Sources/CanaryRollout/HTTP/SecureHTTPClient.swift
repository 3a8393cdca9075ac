// SPDX-License-Identifier: Apache-2.0

import CCurl
import CanaryResources
import CanarySystem
import Glibc

/// `https://` by libcurl, which is opened when the first request needs it.
enum SecureHTTPClient {
    static func answer(
        to request: HTTPRequest,
        _ deadline: Int64,
        _ limit: Int,
        _ cancellation: EventDescriptor?
    ) throws(HTTPFailure) -> HTTPAnswer {
        let left = deadline - Clock.monotonicMilliseconds()
        guard left > 0 else { throw HTTPFailure("no whole answer in time") }
        var answer = unsafe canary_curl_answer()
        // What the answer has is C's, and is given back here.
        defer { unsafe canary_curl_release(&answer) }
        unsafe canary_curl_ask(
            request.url.description,
            request.fields.joined(separator: "\n"),
            request.body,
            request.body?.count ?? 0,
            Int(left),
            limit,
            cancellation?.descriptor ?? -1,
            &answer
        )
        switch unsafe answer.outcome {
        case CANARY_CURL_ANSWERED:
            let bytes = unsafe UnsafeRawBufferPointer(start: answer.body, count: answer.length)
            return unsafe HTTPAnswer(status: answer.status, body: Array(bytes))
        case CANARY_CURL_MISSING:
            throw HTTPFailure("https:// needs libcurl, which is not there; install it: apt install libcurl4")
        case CANARY_CURL_TOO_LONG: throw HTTPFailure("the answer is longer than \(limit) bytes")
        case CANARY_CURL_LATE: throw HTTPFailure("no whole answer in time")
        default:
            let reason = unsafe withUnsafeBytes(of: &answer.reason) { unsafe Array($0.prefix { $0 != 0 }) }
            throw HTTPFailure("\(request.url.authority): \(String(decoding: reason, as: UTF8.self))")
        }
    }
}
