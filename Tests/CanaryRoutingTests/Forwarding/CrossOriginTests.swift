// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryResources

struct CrossOriginTests {
    private struct Answer: Equatable {
        var action: String
        var headers: [String]
    }

    private func ask(
        _ policy: Node,
        method: String = "GET",
        headers: KeyValuePairs<String, String> = ["Origin": "https://a.test"]
    ) -> Answer? {
        let probe = RouteProbe(["corsPolicy": policy])
        let facts = probe.facts(method: method, headers: headers)
        return probe.withRoute(facts) { route in
            let answer = route.crossOrigin(for: facts)
            var found: [String] = []
            answer.forEachHeader { found.append("\($0): \($1.text)") }
            return Answer(action: "\(answer.action)", headers: found)
        }
    }

    private static let full: Node = [
        "allowOrigins": [
            ["exact": "https://a.test"], ["prefix": "https://b."], ["regex": "https://c[0-9]+"],
        ],
        "allowMethods": ["GET", "POST"], "allowHeaders": ["x-a", "x-b"], "exposeHeaders": ["x-c", "x-d"],
        "maxAge": "90s", "allowCredentials": true,
    ]
    private static let preflight: KeyValuePairs = [
        "origin": "https://a.test", "access-control-request-method": "PUT",
    ]

    @Test func `an allowed origin is told so in the answer`() {
        let wanted = [
            "access-control-allow-origin: https://a.test", "access-control-allow-credentials: true",
            "access-control-expose-headers: x-c,x-d",
        ]
        #expect(ask(Self.full) == Answer(action: "decorate", headers: wanted))
        // Neither is a preflight.
        #expect(ask(Self.full, method: "OPTIONS")?.action == "decorate")
        #expect(ask(Self.full, method: "GET", headers: Self.preflight)?.action == "decorate")
    }

    @Test func `a preflight of an allowed origin is answered with all that is allowed`() {
        let wanted = [
            "access-control-allow-origin: https://a.test", "access-control-allow-credentials: true",
            "access-control-allow-methods: GET,POST", "access-control-allow-headers: x-a,x-b",
            "access-control-max-age: 90", "access-control-expose-headers: x-c,x-d",
        ]
        let answer = ask(Self.full, method: "OPTIONS", headers: Self.preflight)
        #expect(answer == Answer(action: "answerPreflight", headers: wanted))
    }

    @Test func `what the policy leaves out has no header`() {
        let policy: Node = ["allowOrigins": [["exact": "*"]], "allowCredentials": false]
        let answer = ask(policy, method: "OPTIONS", headers: Self.preflight)
        #expect(answer?.headers == ["access-control-allow-origin: https://a.test"])
    }

    @Test func `where everything is allowed, what was asked for is`() {
        let policy: Node = [
            "allowOrigins": [["exact": "*"]], "allowMethods": ["*"], "allowHeaders": ["*"],
            "exposeHeaders": ["*"],
        ]
        let headers: KeyValuePairs = [
            "origin": "https://a.test", "access-control-request-method": "PUT",
            "access-control-request-headers": "x-1, x-2",
        ]
        let answer = ask(policy, method: "OPTIONS", headers: headers)
        #expect(
            answer?.headers == [
                "access-control-allow-origin: https://a.test", "access-control-allow-methods: PUT",
                "access-control-allow-headers: x-1, x-2", "access-control-expose-headers: *",
            ]
        )
    }

    static let origins: [(policy: Node, origin: String, isAllowed: Bool)] = [
        (full, "https://b.test:8443", true), (full, "https://c12", true), (full, "https://c12.evil", false),
        (full, "https://A.test", false), (full, "", false), (full, "null", false),
        (["allowOrigins": [["exact": "*"]]], "null", true), (["allowOrigins": [["regex": ".*"]]], "x", true),
        (["allowOrigins": [["regex": "\\*"]]], "anything", true),
        (["allowOrigins": [["prefix": "*"]]], "anything", true),
        (["allowOrigin": ["https://a.test"]], "https://a.test", true),
        (["allowOrigin": ["*"]], "https://a.test", true),
        (["allowOrigin": ["https://a.test"]], "https://b.test", false),
        (["allowMethods": ["GET"]], "https://a.test", false),
    ]

    @Test(arguments: origins)
    func `origins are allowed as Envoy does`(policy: Node, origin: String, isAllowed: Bool) {
        #expect(ask(policy, headers: ["origin": origin])?.action == (isAllowed ? "decorate" : "none"))
    }

    @Test func `a preflight of another origin is sent on, unless the policy says to ignore it`() {
        let headers: KeyValuePairs = ["origin": "https://evil", "access-control-request-method": "GET"]
        for (value, action) in [
            ("UNSPECIFIED", "none"), ("FORWARD", "none"), ("IGNORE", "ignorePreflight"),
        ] {
            var policy = Self.full
            policy.set(.string(value), at: "unmatchedPreflights")
            let answer = ask(policy, method: "OPTIONS", headers: headers)
            // Which has no meaning without its own name.
            let told = [
                "access-control-allow-credentials: true", "access-control-allow-methods: GET,POST",
                "access-control-allow-headers: x-a,x-b", "access-control-max-age: 90",
            ]
            #expect(answer == Answer(action: action, headers: value == "IGNORE" ? told : []))
            // An actual request is always sent on.
            #expect(ask(policy, headers: ["origin": "https://evil"])?.action == "none")
        }
    }

    @Test func `requests without origin are no business of the policy`() {
        #expect(ask(Self.full, headers: [:]) == Answer(action: "none", headers: []))
        let answer = ask(Self.full, method: "OPTIONS", headers: ["access-control-request-method": "GET"])
        #expect(answer?.action == "none")
    }
}
