// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Synchronization
import Testing

@testable import CanaryProxy

/// CORS policies of routes: which preflights the proxy answers, and what other answers get.
struct CrossOriginTests {
    private static let policy: Value = [
        "allowOrigins": [["exact": "https://a.example"], ["regex": "https://[a-z]+[.]b[.]example"]],
        "allowMethods": ["GET", "PUT"], "allowHeaders": ["x-one", "x-two"], "exposeHeaders": ["x-three"],
        "maxAge": "24h", "allowCredentials": true,
    ]

    private static func proxy(
        _ port: UInt16?,
        _ fields: [(String, Value)] = [],
        unmatched: String? = nil
    ) throws -> TestProxy {
        guard case .object(var settings) = policy else { throw TestConnection.Ended() }
        if let unmatched { settings.append(("unmatchedPreflights", .text(unmatched))) }
        let http = TestProxy.route("v1", [("corsPolicy", .object(settings))] + fields)
        return try TestProxy(port.map { [("v1", $0)] } ?? [], http: http)
    }

    private static func request(
        _ origin: String?,
        method: String = "GET",
        asksFor: String? = nil
    ) -> String {
        "\(method) / HTTP/1.1\r\nHost: app\r\n" + (origin.map { "Origin: \($0)\r\n" } ?? "")
            + (asksFor.map { "Access-Control-Request-Method: \($0)\r\n" } ?? "") + "\r\n"
    }

    /// The CORS headers of an answer, without what their names begin with.
    private static func headers(_ answer: TestConnection.Message) -> [String] {
        let start = "access-control-"
        return answer.fields.map { $0.lowercased() }.filter { $0.hasPrefix(start) }.map {
            String($0.dropFirst(start.count))
        }
    }

    private static let added = [
        "allow-origin: https://a.example", "allow-credentials: true", "expose-headers: x-three",
    ]

    @Test func `a preflight is answered by the proxy, and the connection goes on`() throws {
        let origin = try TestOrigin(named: "v1")
        let edits: (String, Value) = ("headers", ["response": ["set": ["x-edit": "1"]]])
        let proxy = try Self.proxy(origin.port, [edits])
        let connection = try proxy.connect()
        let preflight = Self.request("https://a.example", method: "OPTIONS", asksFor: "PUT")
        try connection.send(preflight + preflight)
        for _ in 0..<2 {
            let answer = try connection.readMessage()
            #expect(answer.status == 200 && answer.body == "" && answer.field("x-edit") == nil)
            #expect(
                Self.headers(answer) == [
                    "allow-origin: https://a.example", "allow-credentials: true", "allow-methods: get,put",
                    "allow-headers: x-one,x-two", "max-age: 86400", "expose-headers: x-three",
                ]
            )
        }
        #expect(proxy.answers { $0.destination.isEmpty } == ["200 -": 2])
        #expect(proxy.requestsInMetrics() == ["200 -": 2])
        #expect(origin.connections.load(ordering: .relaxed) == 0)
    }

    @Test func `a preflight of a foreign origin goes to the application, or is answered without a word`()
        throws
    {
        let origin = try TestOrigin(named: "v1")
        let foreign = Self.request("https://c.example", method: "OPTIONS", asksFor: "PUT")
        for (unmatched, body) in [(nil, "v1"), ("FORWARD", "v1"), ("IGNORE", "")] {
            let answer = try Self.proxy(origin.port, unmatched: unmatched).ask(foreign)
            #expect(
                answer.status == 200 && answer.body == body
                    && answer.field("access-control-allow-origin") == nil,
                "\(unmatched ?? "")"
            )
        }
    }

    @Test func `what is no preflight is forwarded, and its answer says who may read it`() throws {
        let given = ["Access-Control-Allow-Origin: *", "access-control-expose-headers: x-own"]
        let origin = try TestOrigin { _ in TestOrigin.response("v1", fields: given) }
        let edits: (String, Value) = (
            "headers", ["response": ["add": ["access-control-allow-origin": "edited", "x-edit": "1"]]]
        )
        for fields in [[], [edits]] {
            let proxy = try Self.proxy(origin.port, fields)
            let connection = try proxy.connect()
            let requests = [
                Self.request("https://a.example"), Self.request("https://a.example", method: "OPTIONS"),
                "POST / HTTP/1.1\r\nHost: app\r\nOrigin: https://a.example\r\nContent-Length: 2\r\n\r\nhi",
            ]
            try connection.send(requests.joined())
            for _ in requests {
                let answer = try connection.readMessage()
                #expect(answer.body == "v1" && Self.headers(answer).sorted() == Self.added.sorted())
                #expect(answer.field("x-edit") == (fields.isEmpty ? nil : "1"))
            }
        }
    }

    @Test func `origins are compared whole, and no other request is touched`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try Self.proxy(origin.port)
        for name in ["https://x.b.example", "https://y.b.example"] {
            #expect(Self.headers(try proxy.ask(Self.request(name))).first == "allow-origin: \(name)")
        }
        for name in [nil, "", "https://a.example.evil", "https://c.example", "https://1.b.example"] {
            #expect(Self.headers(try proxy.ask(Self.request(name))) == [])
        }
    }

    @Test func `answers of the proxy's own say it too`() throws {
        let fault: Value = ["abort": ["httpStatus": 418, "percentage": ["value": 100]]]
        let cases: [([(String, Value)], Int)] = [([], 503), ([("fault", fault)], 418)]
        for (fields, status) in cases {
            let answer = try Self.proxy(nil, fields).ask(Self.request("https://a.example"))
            #expect(answer.status == status && Self.headers(answer) == Self.added)
        }
        let redirect: Value = [["redirect": ["uri": "/there"], "corsPolicy": Self.policy]]
        let answer = try TestProxy([], http: redirect).ask(Self.request("https://a.example"))
        #expect(answer.status == 301 && Self.headers(answer) == Self.added)
    }

    @Test func `a preflight meets no fault`() throws {
        let fault: Value = ["abort": ["httpStatus": 418, "percentage": ["value": 100]]]
        let preflight = Self.request("https://a.example", method: "OPTIONS", asksFor: "GET")
        #expect(try Self.proxy(nil, [("fault", fault)]).ask(preflight).status == 200)
    }
}
