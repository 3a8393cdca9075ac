// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanaryTestSupport
import Glibc
import Synchronization
import Testing

@testable import CanaryProxy

/// What the proxy counts is what happened: each answer by itself, whatever becomes of the tables meanwhile.
struct EvidenceTests {
    private typealias Answer = RouteEvidence.Answer

    private func sum(_ proxy: TestProxy) -> RouteEvidence {
        proxy.proxy.evidence().items.reduce(into: RouteEvidence()) { $0.add($1.evidence) }
    }

    /// Answers with the status that the path names.
    private func statusOrigin() throws -> TestOrigin {
        try TestOrigin { request in
            let path = request.startLine.split(separator: " ")[1]
            return TestOrigin.response("", status: "\(path.dropFirst()) X")
        }
    }

    private func metrics(_ proxy: TestProxy) -> [String: Int] {
        let text = PrometheusText(shared: proxy.proxy.shared).text()
        var values: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("istio_requests_total") {
            let code = line.firstRange(of: "response_code=").map { line[$0.lowerBound...] } ?? ""
            let parts = code.split(separator: "\"")
            let host = line.contains("destination_service=\"unknown\"") ? "unknown " : ""
            values["\(host)\(parts[1]) \(parts[3])", default: 0] += Int(code.split(separator: " ")[1]) ?? 0
        }
        return values
    }

    @Test func `every status has a count of its own, however many there are`() throws {
        let origin = try statusOrigin()
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        var expected: [Answer: UInt64] = [:]
        for status in Array(200...599) + [500, 500, 503] where status != 204 && status != 304 {
            try connection.send("GET /\(status) HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try connection.readMessage().status == status)
            expected[Answer(status: status), default: 0] += 1
        }
        proxy.stop()
        let evidence = sum(proxy)
        #expect(evidence.completed.answers == expected)
        #expect(evidence.assigned == UInt64(expected.values.reduce(0, +)))
        #expect(evidence.completed.errors == 103)
        #expect(evidence.completed.durations.total == evidence.assigned)
        #expect(metrics(proxy)["500 -"] == 3)
    }

    @Test func `of sticky traffic each user counts once, up to the first error`() throws {
        let origin = try statusOrigin()
        let sticky = object(
            .destinationRule,
            "app",
            [
                "spec": [
                    "host": "app",
                    "trafficPolicy": ["loadBalancer": ["consistentHash": ["httpHeaderName": "x-user"]]],
                ]
            ]
        )
        let split: Value = [
            [
                "route": [
                    ["destination": ["host": "app", "subset": "v1"], "weight": 50],
                    ["destination": ["host": "app", "subset": "v2"], "weight": 50],
                ]
            ]
        ]
        let proxy = try TestProxy(
            [("v1", origin.port), ("v2", origin.port)],
            http: split,
            resources: [sticky]
        )
        let connection = try proxy.connect()
        // A failed request is the last of its user's that counts; without a user each counts.
        let requests = [("ann", 200), ("ann", 404), ("ann", 500), ("ann", 503), ("ann", 200), ("bob", 201)]
        for (user, status) in requests + [("", 200), ("", 500), ("", 500)] {
            let header = user.isEmpty ? "" : "x-user: \(user)\r\n"
            try connection.send("GET /\(status) HTTP/1.1\r\nHost: app\r\n\(header)\r\n")
            #expect(try connection.readMessage().status == status)
        }
        proxy.stop()
        let evidence = sum(proxy)
        #expect(evidence.assigned == 9 && evidence.completed.errors == 4)
        let users = try #require(evidence.users)
        #expect(users.assigned == 5)
        #expect(
            users.firsts.answers == [Answer(status: 200): 2, Answer(status: 201): 1, Answer(status: 500): 2]
        )
        #expect(users.tried == 7 && users.failed == 3)
    }

    @Test func `answers of the proxy's own are in the metrics, as Istio has them`() throws {
        let routes: Value = [
            ["match": [["uri": ["prefix": "/away"]]], "redirect": ["uri": "/there"]],
            ["match": [["uri": ["prefix": "/teapot"]]], "directResponse": ["status": 418]],
            ["match": [["uri": ["prefix": "/none"]]], "route": [["destination": ["host": "nowhere"]]]],
        ]
        let proxy = try TestProxy([], http: routes)
        for path in ["/away", "/away", "/teapot", "/none", "/unmatched"] {
            _ = try proxy.ask("GET \(path) HTTP/1.1\r\nHost: app\r\n\r\n")
        }
        _ = try proxy.ask("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
        _ = try proxy.ask("nonsense\r\n\r\n")
        proxy.stop()
        #expect(
            metrics(proxy) == [
                "unknown 301 -": 2, "unknown 418 -": 1, "503 NC": 1, "unknown 404 NR": 2,
                "unknown 400 DPE": 1,
            ]
        )
        // What a route answers is counted for it, too.
        let routed = proxy.proxy.evidence().items.filter(\.key.destination.isEmpty)
        #expect(routed.map(\.evidence.assigned).sorted() == [1, 2])
    }

    @Test func `a first try is counted apart from the retry that hides it`() throws {
        let origin = try TestOrigin { connection, number in
            while true {
                _ = try connection.readMessage()
                let fails = number == 0
                try connection.send(TestOrigin.response("", status: fails ? "503 No" : "200 OK"))
            }
        }
        let retries: [(String, Value)] = [("retries", ["attempts": 2, "retryOn": "5xx", "backoff": "1ms"])]
        let proxy = try TestProxy([("v1", origin.port)], http: TestProxy.route("v1", retries))
        for _ in 0..<3 { #expect(try proxy.ask().status == 200) }
        proxy.stop()
        let evidence = sum(proxy)
        #expect(evidence.assigned == 3)
        #expect(evidence.completed.answers == [Answer(status: 200): 3])
        #expect(evidence.retried.total == 1 && evidence.firstTries.answers == [Answer(status: 503): 1])
        #expect(evidence.firstAttempts.answers == [Answer(status: 200): 2, Answer(status: 503): 1])
        #expect(evidence.firstAttempts.durations.total == 3)
    }

    @Test func `a client that goes away is counted by itself`() throws {
        let origin = try TestOrigin { connection, _ in
            _ = try connection.readMessage()
            _ = try? connection.readMessage()
        }
        let proxy = try TestProxy([("v1", origin.port)])
        do {
            let connection = try proxy.connect()
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            while origin.connections.load(ordering: .relaxed) == 0 { usleep(1000) }
        }
        proxy.stop()
        let evidence = sum(proxy)
        #expect(evidence.assigned == 1 && evidence.completed.total == 0)
        #expect(evidence.abandoned.answers == [Answer(status: 0, flag: "DC"): 1])
    }

    @Test func `reports hold totals, repeat until they are confirmed, and then only what is new`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)])
        let connection = try proxy.connect()
        func request() throws {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            _ = try connection.readMessage()
        }
        try request()
        let first = proxy.proxy.evidence()
        #expect(first.items.map(\.evidence.assigned) == [1])
        try request()
        let second = proxy.proxy.evidence()
        #expect(second.items.map(\.evidence.assigned) == [2])
        #expect(second.items.map(\.part) == first.items.map(\.part))
        proxy.proxy.confirm(second)
        proxy.stop()
        proxy.proxy.confirm(proxy.proxy.evidence())
        #expect(proxy.proxy.evidence().items.isEmpty)
        proxy.proxy.repeatEvidence()
        #expect(proxy.proxy.evidence().items.map(\.evidence.completed.total) == [2])
    }

    /// Epochs come and go under traffic; nothing is lost, and nothing kept that nobody needs.
    @Test func `tables that are gone leave their counts and take their memory along`() throws {
        let origins = try ["v1", "v2"].map { try TestOrigin(named: $0) }
        let endpoints = zip(["v1", "v2"], origins).map { (version: $0, port: $1.port) }
        let proxy = try TestProxy(endpoints, http: TestProxy.split([("v1", 1), ("v2", 1)]))
        let connection = try proxy.connect()
        var total = 0
        var last = 0
        for round in 0..<40 {
            let routes = TestProxy.split([("v1", Int64(round + 1)), ("v2", 1)])
            proxy.proxy.install(
                TestProxy.table(endpoints, routes, [], proxy.identifiers, revision: Int64(round + 2))
            )
            for _ in 0..<5 {
                try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
                _ = try connection.readMessage()
                total += 1
            }
            let report = proxy.proxy.evidence()
            // Not every report gets through.
            if round % 3 > 0 { proxy.proxy.confirm(report) }
            // The last answer may be out and not counted yet; metrics never fall.
            let counted = try #require(metrics(proxy)["200 -"])
            #expect(counted >= max(total - 1, last) && counted <= total)
            last = counted
        }
        proxy.stop()
        #expect(proxy.identifiers.counters.count < 40)
        #expect(metrics(proxy)["200 -"] == total)
        proxy.proxy.repeatEvidence()
        let all = sum(proxy)
        #expect(
            all.assigned == UInt64(total) && all.completed.answers == [Answer(status: 200): UInt64(total)]
        )
    }

    @Test func `pages show the present table, and each destination once`() throws {
        let origins = try ["v1", "v2"].map { try TestOrigin(named: $0) }
        let endpoints = zip(["v1", "v2"], origins).map { (version: $0, port: $1.port) }
        let proxy = try TestProxy(endpoints, http: TestProxy.split([("v1", 61), ("v2", 39)]))
        _ = try proxy.ask()
        let routes: Value = [
            ["match": [["uri": ["prefix": "/away"]]], "redirect": ["uri": "/there", "redirectCode": 308]],
            [
                "match": [["uri": ["prefix": "/x"]]],
                "route": [["destination": ["host": "app", "subset": "v1"]]],
            ],
            ["name": "rest", "route": [["destination": ["host": "app", "subset": "v1"]]]],
        ]
        proxy.proxy.install(TestProxy.table(endpoints, routes, [], proxy.identifiers, revision: 2))
        _ = try proxy.ask()
        let pages = AdminPages(shared: proxy.proxy.shared)
        let dump = pages.configuration().body
        for gone in ["\"weight\":61", "\"weight\":39", "\"subset\":\"v2\"", "\(origins[1].port)"] {
            #expect(!dump.contains(gone), "\(gone) in \(dump)")
        }
        for present in [
            "\"action\":\"redirect\"", "\"status\":308", "\"route\":\"rest\"", "127.0.0.1:\(origins[0].port)",
        ] {
            #expect(dump.contains(present), "\(present) not in \(dump)")
        }
        let lines = pages.clusters().body.split(separator: "\n")
        let keys = lines.map { $0[..<($0.lastIndex(of: ":") ?? $0.endIndex)] }
        #expect(lines.count == 3 && Set(keys).count == 3, "\(lines)")
    }
}
