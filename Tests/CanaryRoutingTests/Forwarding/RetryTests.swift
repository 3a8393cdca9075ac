// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct RetryTests {
    private static func answer(_ status: Int32, isRateLimited: Bool = false, grpc: Int32 = -1) -> TryOutcome {
        .answer(status: status, isRateLimited: isRateLimited, grpcStatus: grpc)
    }

    private static let outcomes: [(name: String, outcome: TryOutcome)] = [
        ("connect", .failed(.connect)), ("unsent", .failed(.reset(wasSent: false))),
        ("reset", .failed(.reset(wasSent: true))),
        ("timeout", .failed(.timeout)),
        ("200", answer(200)), ("404", answer(404)), ("409", answer(409)), ("429", answer(429)),
        ("500", answer(500)), ("502", answer(502)), ("503", answer(503)), ("504", answer(504)),
        ("599", answer(599)), ("limited", answer(429, isRateLimited: true)),
        ("limited 503", answer(503, isRateLimited: true)),
        ("grpc 1", answer(200, grpc: 1)), ("grpc 4", answer(200, grpc: 4)), ("grpc 8", answer(200, grpc: 8)),
        ("grpc 13", answer(200, grpc: 13)), ("grpc 14", answer(200, grpc: 14)),
        ("grpc 5", answer(200, grpc: 5)),
    ]

    /// The outcomes that a policy retries.
    private func retried(_ retries: Node?) -> Set<String> {
        let probe = RouteProbe(retries.map { ["retries": $0] } ?? [:])
        let names = probe.withRoute(probe.facts()) { route in
            Self.outcomes.filter { route.retry.asksForRetry(after: $0.outcome) }.map(\.name)
        }
        return Set(names ?? ["no route"])
    }

    private static let resets: Set = ["connect", "unsent", "reset", "timeout"]
    private static let standard: Set = ["connect", "grpc 1", "grpc 14"]

    static let conditions: [(retryOn: String, wanted: Set<String>)] = [
        ("5xx", resets.union(["500", "502", "503", "504", "599"])),
        ("gateway-error", resets.union(["502", "503", "504"])),
        ("reset", resets), ("connect-failure", ["connect"]), ("refused-stream", []),
        ("reset-before-request", ["connect", "unsent"]), ("retriable-4xx", ["409"]),
        ("envoy-ratelimited", ["limited", "limited 503"]),
        ("retriable-status-codes", []), ("retriable-status-codes,404", ["404"]), ("404,599", ["404", "599"]),
        ("retriable-headers", []), ("http3-post-connect-failure", []),
        ("cancelled", ["grpc 1"]), ("deadline-exceeded", ["grpc 4"]), ("resource-exhausted", ["grpc 8"]),
        ("internal", ["grpc 13"]), ("unavailable", ["grpc 14"]),
        ("connect-failure,503", ["connect", "503"]),
    ]

    @Test(arguments: conditions)
    func `conditions ask for what Envoy's do`(retryOn: String, wanted: Set<String>) {
        #expect(retried(["attempts": 1, "retryOn": .string(retryOn)]) == wanted)
    }

    @Test func `Istio's own conditions hold where a route names none`() {
        #expect(retried(nil) == Self.standard)
        #expect(retried(["attempts": 3]) == Self.standard)
        #expect(retried(["attempts": 3, "retryOn": ""]) == Self.standard)
    }

    @Test func `attempts, times and endpoints come from the route`() {
        func policy(_ retries: Node?) -> RetryPolicy? {
            let probe = RouteProbe(retries.map { ["retries": $0] } ?? [:])
            return probe.withRoute(probe.facts()) { $0.retry }
        }
        let standard = policy(nil)
        #expect(standard?.attempts == 2)
        #expect(standard?.backoffMilliseconds == 25)
        #expect(standard?.avoidsTriedEndpoints == true)
        #expect(standard?.includesRemoteLocalities == false)
        #expect(policy(["attempts": 0])?.attempts == 0)
        let own = policy([
            "attempts": 7, "perTryTimeout": "2s", "backoff": "100ms", "retryRemoteLocalities": true,
            "retryIgnorePreviousHosts": false,
        ])
        #expect(own?.attempts == 7)
        #expect(own?.perTryTimeoutMilliseconds == 2000)
        #expect(own?.backoffMilliseconds == 100)
        #expect(own?.avoidsTriedEndpoints == false)
        #expect(own?.includesRemoteLocalities == true)
    }

    static let pauses: [(base: Int32, bounds: [Int32])] = [
        (25, [25, 50, 100, 200, 250, 250]), (1, [1, 2, 4, 8, 10, 10]), (1000, [1000, 2000]),
    ]

    @Test(arguments: pauses)
    func `pauses double up to ten times the base, each with full jitter`(base: Int32, bounds: [Int32]) {
        var policy = RetryPolicy.none
        policy.backoffMilliseconds = base
        for (retry, bound) in bounds.enumerated() {
            #expect(policy.backOff(retry: retry, random: 0) == 0)
            #expect(policy.backOff(retry: retry, random: .max) == bound - 1)
            #expect(policy.backOff(retry: retry, random: UInt64.max / 2) == (bound - 1) / 2)
        }
        #expect(policy.backOff(retry: .max, random: .max) == base * 10 - 1)
        policy.backoffMilliseconds = .max
        #expect(policy.backOff(retry: 9, random: .max) == .max)
    }

    @Test func `a request is sent again when it is there in full, whatever its method`() {
        let policy = RetryPolicy.none
        #expect(policy.canRepeat(after: .failed(.timeout), isComplete: true, isBodyKept: true))
        #expect(!policy.canRepeat(after: .failed(.timeout), isComplete: false, isBodyKept: true))
        #expect(!policy.canRepeat(after: .failed(.timeout), isComplete: true, isBodyKept: false))
        #expect(policy.canRepeat(after: .failed(.connect), isComplete: false, isBodyKept: true))
        #expect(!policy.canRepeat(after: .failed(.connect), isComplete: false, isBodyKept: false))
    }

    @Test func `of many tries the last eight are known`() {
        var tried = TriedEndpoints()
        for id in UInt64(1)...10 { tried.insert(id) }
        #expect((UInt64(1)...10).filter(tried.contains) == Array(3...10))
        #expect(!tried.contains(0))
    }
}
