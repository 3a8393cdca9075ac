// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// Limits with Envoy and the proxy side by side: which of several requests are let through, refused, or tried again. Skipped where
/// there is no Envoy; see ``EnvoyDifferenceTests``.
@Suite(
    .enabled(if: EnvoyProcess.path != nil, "there is no Envoy: CANARYCTL_ENVOY names none, and PATH has none")
)
struct EnvoyLimitTests {
    /// What a client got: the status, whether `x-envoy-overloaded` was there, and how often the request was tried.
    private struct Reply: Equatable, CustomStringConvertible {
        var status: Int
        var isOverloaded: Bool
        var tries: Int
        /// It came before any other request was let go on.
        var cameAtOnce: Bool

        var description: String {
            "\(status)\(isOverloaded ? " overloaded" : "") \(cameAtOnce ? "at once" : "later") \(tries)"
        }
    }

    private static func isReadable(_ connection: TestConnection) -> Bool {
        var entry = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    /// Connections that have carried a request: what is sent on one is looked at before what is sent on the next.
    private static func connections(_ count: Int, _ connect: () throws -> TestConnection) throws
        -> [TestConnection]
    {
        try (0..<count).map { _ in
            let connection = try connect()
            try connection.send(FailingCluster.request("/", key: "", does: "").text)
            #expect(try connection.readMessage().status == 204)
            return connection
        }
    }

    /// Has so much pass on a connection that whatever was sent before on others has come as far as it can.
    private static func settle(_ connection: TestConnection) throws {
        for _ in 0..<20 {
            try connection.send(FailingCluster.request("/", key: "", does: "").text)
            #expect(try connection.readMessage().status == 204)
        }
    }

    /// Sends requests side by side that are all held until the last one was seen.
    private static func heldReplies(
        _ name: String,
        _ origin: ObedientOrigin,
        _ connect: () throws -> TestConnection
    ) throws -> [Reply] {
        let connections = try connections(7, connect)
        let last = connections.count - 1
        let keys = (0..<last).map { "\(name)-\($0)" }
        for (key, connection) in zip(keys, connections) {
            try connection.send(FailingCluster.request("/0/", key: key, does: "held-200").text)
            try settle(connections[last])
        }
        let atOnce = connections.map(isReadable)
        for key in keys { origin.release(key) }
        return try keys.indices.map { index in
            let message = try connections[index].readMessage()
            return Reply(
                status: message.status,
                isOverloaded: message.field("x-envoy-overloaded") == "true",
                tries: origin.tries(of: keys[index]),
                cameAtOnce: atOnce[index]
            )
        }
    }

    @Test(
        arguments: [
            ["tcp": ["maxConnections": 1]],
            ["tcp": ["maxConnections": 2], "http": ["http1MaxPendingRequests": 1]],
            ["tcp": ["maxConnections": 1], "http": ["http1MaxPendingRequests": 3]],
            ["http": ["http1MaxPendingRequests": 2]], ["http": ["http2MaxRequests": 2]],
            ["tcp": ["maxConnections": 3], "http": ["http2MaxRequests": 1, "http1MaxPendingRequests": 2]],
        ] as [Value]
    )
    func `both let as many requests through, and refuse the rest`(pool: Value) throws {
        let origin = try ObedientOrigin()
        // The export keeps Envoy's headers out of answers; Istio does not.
        let headers = ["\"suppress_envoy_headers\":true": "\"suppress_envoy_headers\":false"]
        let scene = try EnvoyScene(changing: headers) { _, _ in
            [
                FailingCluster.host("origin.test", [origin.port]),
                FailingCluster.rule("origin.test", ["connectionPool": pool]),
                FailingCluster.routes("origin.test", [["retries": ["attempts": 0]]]),
            ]
        }
        let theirs = try Self.heldReplies("envoy", origin, scene.connectToEnvoy)
        let ours = try Self.heldReplies("proxy", origin, scene.connectToProxy)
        #expect(ours == theirs)
    }

    /// Requests side by side that fail one after the other; which of them are tried again.
    private static func retriedReplies(
        _ name: String,
        _ origin: ObedientOrigin,
        _ connect: () throws -> TestConnection
    ) throws -> [Reply] {
        let connections = try connections(10, connect)
        let keys = connections.indices.map { "\(name)-\($0)" }
        for (key, connection) in zip(keys, connections) {
            try connection.send(FailingCluster.request("/0/", key: key, does: "held-503 held-200").text)
            while origin.tries(of: key) == 0 { poll(nil, 0, 1) }
        }
        var atOnce: [Bool] = []
        for (key, connection) in zip(keys, connections) {
            origin.release(key)
            while origin.tries(of: key) == 1, !isReadable(connection) { poll(nil, 0, 1) }
            atOnce.append(isReadable(connection))
        }
        for key in keys { origin.release(key) }
        return try keys.indices.map { index in
            let message = try connections[index].readMessage()
            return Reply(
                status: message.status,
                isOverloaded: message.field("x-envoy-overloaded") == "true",
                tries: origin.tries(of: keys[index]),
                cameAtOnce: atOnce[index]
            )
        }
    }

    @Test(
        arguments: [
            ["connectionPool": ["http": ["maxRetries": 1]]], ["connectionPool": ["http": ["maxRetries": 4]]],
            ["retryBudget": ["percent": 20, "minRetryConcurrency": 1]],
            ["retryBudget": ["percent": 50, "minRetryConcurrency": 2]],
            ["retryBudget": ["percent": 30, "minRetryConcurrency": 6]],
        ] as [Value]
    )
    func `both try as many requests again at a time`(policy: Value) throws {
        let origin = try ObedientOrigin()
        let scene = try EnvoyScene(logsRequests: true) { _, _ in
            [
                FailingCluster.host("origin.test", [origin.port]), FailingCluster.rule("origin.test", policy),
                FailingCluster.routes(
                    "origin.test",
                    [["retries": ["attempts": 1, "retryOn": "503", "backoff": "1ms"]]]
                ),
            ]
        }
        let theirs = try Self.retriedReplies("envoy", origin, scene.connectToEnvoy)
        let ours = try Self.retriedReplies("proxy", origin, scene.connectToProxy)
        #expect(ours == theirs)
        #expect(theirs.contains { $0.tries == 1 } && theirs.contains { $0.tries == 2 })
        let logged = try scene.flags()
        #expect(logged.proxy.sorted() == logged.envoy.sorted())
    }
}
