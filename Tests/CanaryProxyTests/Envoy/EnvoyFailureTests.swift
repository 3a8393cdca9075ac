// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// Failures with Envoy and the proxy side by side: how often a request is tried, who is ejected, what does not fit. Both see the
/// same failures in the same order; what they make of them has to be the same. Skipped where there is no Envoy; see
/// ``EnvoyDifferenceTests``.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyFailureTests {
    /// Sends a request through Envoy, and waits until an ejection that follows is done.
    private static func throughEnvoy(_ scene: EnvoyScene) -> (GeneratedRequest) throws -> Outcome {
        {
            let outcome = try scene.throughEnvoy($0)
            if outcome.status >= 500 { try scene.settle(FailingCluster.request("/", key: "", does: "")) }
            return outcome
        }
    }

    // MARK: - Retries

    private static let conditions = [
        "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx",
        "refused-stream", "retriable-status-codes", "envoy-ratelimited", "cancelled", "unavailable", "418",
        "503",
    ]

    private static func retries(_ generator: inout SeededGenerator) -> Value {
        if generator.chance(10) { return [:] }
        let attempts = generator.pick([0, 1, 2, 3])
        if attempts == 0 { return ["retries": ["attempts": 0]] }
        var fields: [(String, Value)] = [("attempts", .integer(Int64(attempts))), ("backoff", "1ms")]
        if generator.chance(90) {
            let words = (0..<generator.pick([1, 1, 2, 3])).map { _ in generator.pick(conditions) }
            fields.append(("retryOn", .text(words.joined(separator: ","))))
        }
        return ["retries": .object(fields)]
    }

    @Test(arguments: EnvoyProcess.seeds) func `both try as often, and say the same of it`(seed: UInt64) throws
    {
        var generator = SeededGenerator(seed: seed)
        let origin = try ObedientOrigin()
        let policies = (0..<40).map { _ in Self.retries(&generator) }
        let scene = try EnvoyScene(logsRequests: true) { _, _ in
            [
                FailingCluster.host("origin.test", [origin.port]),
                FailingCluster.routes("origin.test", policies),
            ]
        }
        let words = ["200", "404", "409", "418", "500", "502", "503", "504", "reset", "limited", "grpc-14"]
        var told: [String] = []
        for number in 0..<1000 {
            let policy = Int(generator.next() % UInt64(policies.count))
            let does = (0..<1 + generator.next() % 4).map { _ in generator.pick(words) }
                .joined(separator: " ")
            let method = generator.pick(["GET", "POST"])
            func ask(_ send: (GeneratedRequest) throws -> Outcome, _ name: String) throws -> [Int] {
                let key = "\(name)-\(number)"
                let outcome = try send(
                    FailingCluster.request("/\(policy)/", key: key, does: does, method: method)
                )
                return [outcome.status, origin.tries(of: key)]
            }
            let theirs = try ask(scene.throughEnvoy, "envoy")
            let ours = try ask(scene.throughProxy, "proxy")
            told.append("\(number): \(method) \(does) by \(policies[policy])")
            if theirs != ours { Issue.record("\(told[number]): Envoy \(theirs), proxy \(ours)") }
        }
        let (theirs, ours) = try scene.flags()
        #expect(theirs.count == told.count && ours.count == told.count)
        for (number, (theirs, ours)) in zip(theirs, ours).enumerated() where theirs != ours {
            Issue.record("\(told[number]): Envoy logs \(theirs), the proxy \(ours)")
        }
        #expect(theirs.contains { $0.hasSuffix("URX") })
    }

    @Test func `the time of a try, and that of the request, end both alike`() throws {
        let origin = try ObedientOrigin()
        let short: Value = ["attempts": 2, "perTryTimeout": "1s", "retryOn": "5xx", "backoff": "1ms"]
        let long: Value = ["attempts": 2, "perTryTimeout": "5s", "retryOn": "5xx", "backoff": "1ms"]
        let other: Value = ["attempts": 2, "perTryTimeout": "1s", "retryOn": "retriable-4xx"]
        let policies: [Value] = [
            ["retries": short], ["retries": long, "timeout": "1s"],
            ["retries": short, "timeout": "1s"], ["retries": other],
            ["retries": short, "fault": ["delay": ["fixedDelay": "1ms", "percentage": ["value": 100]]]],
        ]
        let scene = try EnvoyScene(logsRequests: true) { _, _ in
            [
                FailingCluster.host("origin.test", [origin.port]),
                FailingCluster.routes("origin.test", policies),
            ]
        }
        for policy in policies.indices {
            func ask(_ send: (GeneratedRequest) throws -> Outcome, _ name: String) throws -> [Int] {
                let key = "\(name)-\(policy)"
                let outcome = try send(FailingCluster.request("/\(policy)/", key: key, does: "silent"))
                return [outcome.status, origin.tries(of: key)]
            }
            let theirs = try ask(scene.throughEnvoy, "envoy")
            #expect(try ask(scene.throughProxy, "proxy") == theirs, "policy \(policy)")
        }
        let (theirs, ours) = try scene.flags()
        #expect(theirs == ours)
    }

    /// How often requests were tried at each of several origins.
    private static func tries(
        _ origins: [ObedientOrigin],
        _ key: String,
        _ send: (GeneratedRequest) throws -> Outcome,
        _ request: GeneratedRequest
    ) throws -> [Int] {
        _ = try send(request)
        return origins.map { $0.tries(of: key) }
    }

    @Test func `where a hash leads, retries lead both alike`() throws {
        let origins = try (0..<4).map { _ in try ObedientOrigin() }
        let hash: Value = ["consistentHash": ["httpHeaderName": "x-user"]]
        let retries: Value = ["attempts": 3, "retryOn": "503", "backoff": "1ms"]
        let policies = [nil, true, false].map { avoids -> Value in
            guard case .object(var fields) = retries else { return retries }
            if let avoids { fields.append(("retryIgnorePreviousHosts", .flag(avoids))) }
            return ["retries": .object(fields)]
        }
        let scene = try EnvoyScene { _, _ in
            [
                FailingCluster.host("origin.test", origins.map(\.port)),
                FailingCluster.rule("origin.test", ["loadBalancer": hash]),
                FailingCluster.routes("origin.test", policies),
            ]
        }
        for policy in policies.indices {
            for user in 0..<20 {
                func ask(_ name: String, _ send: (GeneratedRequest) throws -> Outcome) throws -> [Int] {
                    let key = "\(name)-\(policy)-\(user)"
                    let fields = [("x-user", "\(user)")]
                    let request = FailingCluster.request("/\(policy)/", key: key, does: "503", fields)
                    return try Self.tries(origins, key, send, request)
                }
                let theirs = try ask("envoy", scene.throughEnvoy)
                #expect(try ask("proxy", scene.throughProxy) == theirs, "\(policy) \(user)")
                #expect(theirs.contains(4) == (policy != 1))
            }
        }
    }

    @Test(arguments: [false, true])
    func `retries leave localities alike`(avoidsHosts: Bool) throws {
        let origins = try (0..<3).map { _ in try ObedientOrigin() }
        let policies = (1...8).map { attempts -> Value in
            [
                "retries": [
                    "attempts": .integer(attempts), "retryOn": "503", "backoff": "1ms",
                    "retryRemoteLocalities": true, "retryIgnorePreviousHosts": .flag(avoidsHosts),
                ]
            ]
        }
        let scene = try EnvoyScene(labels: ["topology.kubernetes.io/region": "a"]) { _, _ in
            [
                FailingCluster.host(
                    "origin.test",
                    origins.map(\.port),
                    localities: ["a/a/a", "b/a/a", "c/a/a"]
                ),
                FailingCluster.rule(
                    "origin.test",
                    [
                        "outlierDetection": ["consecutive5xxErrors": 0],
                        "loadBalancer": ["localityLbSetting": ["failover": [["from": "a", "to": "b"]]]],
                    ]
                ),
                FailingCluster.routes("origin.test", policies),
            ]
        }
        for policy in policies.indices {
            func ask(_ name: String, _ send: (GeneratedRequest) throws -> Outcome) throws -> [Int] {
                let key = "\(name)-\(policy)"
                let request = FailingCluster.request("/\(policy)/", key: key, does: "503")
                return try Self.tries(origins, key, send, request)
            }
            let theirs = try ask("envoy", scene.throughEnvoy)
            #expect(try ask("proxy", scene.throughProxy) == theirs, "\(policy + 1) attempts")
        }
    }

    // MARK: - Ejections

    private static func detection(_ generator: inout SeededGenerator) -> Value {
        var fields: [(String, Value)] = [
            ("maxEjectionPercent", 100), ("interval", "3600s"), ("baseEjectionTime", "3600s"),
            ("consecutive5xxErrors", .integer(generator.pick([0, 1, 2, 3, 5]))),
        ]
        if generator.chance(60) {
            fields.append(("consecutiveGatewayErrors", .integer(generator.pick([1, 2, 3]))))
        }
        if generator.chance(40) {
            fields.append(("splitExternalLocalOriginErrors", true))
            fields.append(("consecutiveLocalOriginFailures", .integer(generator.pick([1, 2, 3]))))
        }
        return .object(fields)
    }

    @Test(arguments: EnvoyProcess.seeds)
    func `the same failures eject an endpoint, at the same request`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let origin = try ObedientOrigin()
        let policies = (0..<40).map { _ in Self.detection(&generator) }
        let scene = try EnvoyScene { _, _ in
            policies.enumerated().flatMap { index, policy -> [Resource] in
                let host = "origin\(index).test"
                return [
                    FailingCluster.host(host, [origin.port]),
                    FailingCluster.rule(host, ["outlierDetection": policy]),
                ]
            } + [
                FailingCluster.routes(
                    policies.indices.map { ("origin\($0).test", ["retries": ["attempts": 0]]) }
                )
            ]
        }
        let words = ["200", "200", "404", "500", "500", "501", "502", "503", "504", "reset"]
        var ejected = 0
        for (index, policy) in policies.enumerated() {
            let does = (0..<20).map { _ in generator.pick(words) }
            func ask(_ send: (GeneratedRequest) throws -> Outcome, _ name: String) throws -> [Int] {
                try does.enumerated().flatMap { number, does in
                    let key = "\(name)-\(index)-\(number)"
                    let outcome = try send(FailingCluster.request("/\(index)/", key: key, does: does))
                    return [outcome.status, origin.tries(of: key)]
                }
            }
            let theirs = try ask(Self.throughEnvoy(scene), "envoy")
            let ours = try ask(scene.throughProxy, "proxy")
            #expect(theirs == ours, "\(does) by \(policy)")
            ejected += theirs.suffix(2) == [503, 0] ? 1 : 0
        }
        #expect(ejected > 10 && ejected < 40)
    }

    @Test(arguments: [0, 10, 20, 34, 50, 100], [0, 30, 60])
    func `so many are ejected, and no more`(mostEjected: Int64, minHealth: Int64) throws {
        let origins = try (0..<6).map { _ in try ObedientOrigin() }
        let detection: Value = [
            "consecutive5xxErrors": 2, "interval": "3600s", "baseEjectionTime": "3600s",
            "maxEjectionPercent": .integer(mostEjected), "minHealthPercent": .integer(minHealth),
        ]
        let scene = try EnvoyScene { _, _ in
            [
                FailingCluster.host("origin.test", origins.map(\.port)),
                FailingCluster.rule(
                    "origin.test",
                    ["outlierDetection": detection, "loadBalancer": ["simple": "ROUND_ROBIN"]]
                ),
                FailingCluster.routes([("origin.test", ["retries": ["attempts": 0]])]),
            ]
        }
        func used(_ send: (GeneratedRequest) throws -> Outcome, _ name: String) throws -> [Int] {
            // Each gets as many as eject it, whoever goes first; then those count that still get any.
            for number in 0..<60 {
                _ = try send(FailingCluster.request("/0/", key: "\(name)-\(number)", does: "500"))
            }
            let before = origins.map { $0.total }
            let statuses = try (60..<120).map { number in
                try send(FailingCluster.request("/0/", key: "\(name)-\(number)", does: "200")).status
            }
            let count = zip(origins, before).count { $0.total > $1 }
            return [count, statuses.count { $0 == 503 }]
        }
        let theirs = try used(Self.throughEnvoy(scene), "envoy")
        let ours = try used(scene.throughProxy, "proxy")
        #expect(ours == theirs, "of six, and how many requests got 503")
    }
}
