// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// The choice among endpoints with real traffic: shares, and users that stay where they are.
@Suite(.timeLimit(.minutes(15))) struct BalancingTests {
    /// Answers by endpoint to so many requests on one connection of a proxy with one worker.
    private func answers(_ balancing: Value, weights: [Int64], count: Int) throws -> [Int] {
        let origins = try weights.indices.map { try TestOrigin(named: "\($0)") }
        let endpoints = zip(origins, weights).map { RoutedScene.endpoint($0.port, weight: $1) }
        let proxy = try TestProxy([], resources: endpoints + [RoutedScene.balancing(balancing)]) {
            $0.workers = 1
        }
        let connection = try proxy.connect()
        var counts = weights.map { _ in 0 }
        for _ in 0..<count {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            if let index = Int(try connection.readMessage().body) { counts[index] += 1 }
        }
        return counts
    }

    @Test func `taking turns gives exact shares`() throws {
        #expect(try answers(["simple": "ROUND_ROBIN"], weights: [1, 1, 1], count: 60) == [20, 20, 20])
        // A schedule may begin in the midst of a round.
        let counts = try answers(["simple": "ROUND_ROBIN"], weights: [1, 2, 5], count: 80)
        #expect(zip(counts, [10, 20, 50]).allSatisfy { abs($0 - $1) <= 1 }, "\(counts)")
        let idle = try answers(["simple": "LEAST_REQUEST"], weights: [1, 3], count: 80)
        #expect(zip(idle, [20, 60]).allSatisfy { abs($0 - $1) <= 1 }, "\(idle)")
    }

    @Test func `draws give shares by weight`() throws {
        let counts = try answers(["simple": "RANDOM"], weights: [1, 3], count: 1000)
        // Six standard deviations of 1000 draws with p = 1/4.
        #expect(168...332 ~= counts[0], "\(counts)")
    }

    /// Where a user's request says who it is, by the kind of key.
    static let keys: [(hash: Value, request: @Sendable (Int) -> String)] = [
        (["httpHeaderName": "x-user"], { "GET / HTTP/1.1\r\nHost: app\r\nX-User: u\($0)\r\n\r\n" }),
        (["httpQueryParameterName": "u"], { "GET /?a=b&u=u\($0) HTTP/1.1\r\nHost: app\r\n\r\n" }),
        (
            ["httpCookie": ["name": "u"], "maglev": ["tableSize": 1021]],
            { "GET / HTTP/1.1\r\nHost: app\r\nCookie: a=b; u=u\($0)\r\n\r\n" }
        ),
        (
            ["httpHeaderName": "x-user", "ringHash": ["minimumRingSize": 64]],
            { "GET / HTTP/1.1\r\nHost: app\r\nX-User: u\($0)\r\n\r\n" }
        ),
    ]

    @Test(arguments: keys.indices)
    func `users have their version and endpoint, with any proxy and after a restart`(kind: Int) throws {
        let key = Self.keys[kind]
        let origins = try ["v1", "v1", "v2", "v2"].enumerated().map {
            (version: $1, origin: try TestOrigin(named: "\($1) \($0)"))
        }
        func proxy(reversed: Bool) throws -> TestProxy {
            let endpoints = origins.map { (version: $0.version, port: $0.origin.port) }
            return try TestProxy(
                reversed ? endpoints.reversed() : endpoints,
                http: TestProxy.split([("v1", 50), ("v2", 50)]),
                resources: [RoutedScene.balancing(["consistentHash": key.hash])]
            )
        }
        func places(_ proxy: TestProxy) throws -> [String] {
            let connection = try proxy.connect()
            return try (0..<60).map { user in
                try connection.send(key.request(user))
                return try connection.readMessage().body
            }
        }
        let first = try proxy(reversed: false)
        let second = try proxy(reversed: true)
        let before = try places(first)
        #expect(try places(second) == before)
        #expect(Set(before).count == 4)
        first.stop()
        #expect(try places(try proxy(reversed: false)) == before)
    }

    @Test func `one address is one user`() throws {
        let origins = try (0..<4).map { try TestOrigin(named: "\($0)") }
        let proxy = try TestProxy(
            origins.map { ("v1", $0.port) },
            resources: [RoutedScene.balancing(["consistentHash": ["useSourceIp": true]])]
        )
        #expect(Set(try (0..<20).map { _ in try proxy.ask().body }).count == 1)
    }

    @Test func `destinations that share their first endpoint do not starve each other`() throws {
        let shared = try TestOrigin(named: "shared")
        let first = try TestOrigin(named: "first")
        let second = try TestOrigin(named: "second")
        let rule = TestProxy.resource(
            .destinationRule,
            "app",
            [
                "spec": [
                    "host": "app", "trafficPolicy": ["loadBalancer": ["simple": "ROUND_ROBIN"]],
                    "subsets": [
                        ["name": "one", "labels": ["one": "yes"]], ["name": "two", "labels": ["two": "yes"]],
                    ],
                ]
            ]
        )
        func entry(_ name: String, _ origin: TestOrigin, _ labels: Value) -> Resource {
            let spec: Value = [
                "address": "127.0.0.1", "ports": ["http": .integer(Int64(origin.port))], "labels": labels,
            ]
            return TestProxy.resource(.workloadEntry, name, ["spec": spec])
        }
        let route: Value = [
            [
                "match": [["uri": ["exact": "/one"]]],
                "route": [["destination": ["host": "app", "subset": "one"]]],
            ],
            ["route": [["destination": ["host": "app", "subset": "two"]]]],
        ]
        let proxy = try TestProxy(
            [],
            http: route,
            resources: [
                entry("a", shared, ["app": "app", "one": "yes", "two": "yes"]),
                entry("b", first, ["app": "app", "one": "yes"]),
                entry("c", second, ["app": "app", "two": "yes"]), rule,
            ]
        )
        let connection = try proxy.connect()
        var counts: [String: Int] = [:]
        // In step: whoever shared one turn would always meet the same endpoint.
        for index in 0..<80 {
            let path = index.isMultiple(of: 2) ? "/one" : "/two"
            try connection.send("GET \(path) HTTP/1.1\r\nHost: app\r\n\r\n")
            counts[path + " " + (try connection.readMessage().body), default: 0] += 1
        }
        #expect(counts == ["/one shared": 20, "/one first": 20, "/two shared": 20, "/two second": 20])
    }
}

/// Users that are known by a cookie of the proxy's own making.
@Suite(.timeLimit(.minutes(15))) struct MadeCookieTests {
    private func ask(_ proxy: TestProxy, cookie: String? = nil) throws -> TestConnection.Message {
        let line = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        return try proxy.ask("GET / HTTP/1.1\r\nHost: app\r\n\(line)\r\n")
    }

    private func proxy(_ origins: [(version: String, origin: TestOrigin)], _ cookie: Value) throws
        -> TestProxy
    {
        try TestProxy(
            origins.map { ($0.version, $0.origin.port) },
            http: TestProxy.split([("v1", 50), ("v2", 50)]),
            resources: [RoutedScene.balancing(["consistentHash": ["httpCookie": cookie]])]
        )
    }

    @Test func `who comes without gets one, and stays with any proxy and after a restart`() throws {
        let origins = try ["v1", "v1", "v2", "v2"].enumerated().map {
            (version: $1, origin: try TestOrigin(named: "\($1) \($0)"))
        }
        let cookie: Value = ["name": "user", "ttl": "60s", "path": "/shop"]
        let first = try proxy(origins, cookie)
        let second = try proxy(origins.reversed(), cookie)
        var places: [String: String] = [:]
        for _ in 0..<40 {
            let answer = try ask(first)
            let made = try #require(answer.field("set-cookie"))
            let parts = made.components(separator: "; ")
            #expect(parts.dropFirst() == ["Max-Age=60", "Path=/shop", "HttpOnly"])
            places[parts[0]] = answer.body
        }
        #expect(places.count == 40 && Set(places.values).count == 4)
        for proxy in [first, second] {
            for (cookie, place) in places {
                let answer = try ask(proxy, cookie: cookie)
                #expect(answer.body == place && answer.field("set-cookie") == nil)
            }
        }
        first.stop()
        let again = try proxy(origins, cookie)
        for (cookie, place) in places {
            #expect(try ask(again, cookie: "a=b; \(cookie.filter { $0 != "\"" })").body == place)
        }
    }

    @Test func `without a lifetime none is made, and with 0 one for the session`() throws {
        let origins = [(version: "v1", origin: try TestOrigin(named: "v1"))]
        #expect(try ask(try proxy(origins, ["name": "user"])).field("set-cookie") == nil)
        let proxy = try TestProxy(
            [("v1", origins[0].origin.port)],
            resources: [
                RoutedScene.balancing(["consistentHash": ["httpCookie": ["name": "user", "ttl": "0s"]]])
            ]
        )
        let made = try #require(try ask(proxy).field("set-cookie"))
        #expect(made.hasPrefix("user=\"") && made.hasSuffix("\"; HttpOnly") && made.count == 33)
    }
}

extension String {
    fileprivate func components(separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
