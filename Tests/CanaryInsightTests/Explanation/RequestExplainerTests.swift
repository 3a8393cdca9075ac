// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

struct RequestExplainerTests {
    @Test(arguments: MatchCases.paths + MatchCases.pseudo + MatchCases.headers)
    func `a route is skipped for a reason exactly where it does not match`(row: MatchCases.Row) {
        let explanation = Self.explain(row)
        #expect((explanation.effective != nil) == row.matches)
        #expect(explanation.skipped.isEmpty == row.matches)
        #expect(explanation.skipped.allSatisfy { !$0.reason.isEmpty })
    }

    @Test func `a host whose routes are for other clients has the Service's own`() {
        let row = MatchCases.Row(match: ["sourceLabels": ["app": "api"]], matches: false)
        let explanation = Self.explain(row)
        #expect(explanation.action == .route)
        #expect(explanation.virtualService == nil)
        #expect(explanation.skipped.map(\.reason) == ["it is for clients with the label app=api"])
    }

    @Test(
        arguments: [
            ("sourceLabels", ["app": "api"], "it is for clients with the label app=api"),
            ("port", 9999, "it is for port 9999"), ("gateways", ["edge"], "it is for the gateway \"edge\""),
        ] as [(String, Node, String)]
    )
    func `without a Service the reason is that no route is for the client`(
        field: String,
        value: Node,
        reason: String
    ) {
        var block = Node.mapping([:])
        block.set(value, at: field)
        let routed = Helloworld.routes([["match": [block], "directResponse": ["status": 200]]])
        let explainer = RequestExplainer(snapshot: ClusterSnapshot([routed]), namespace: "default")
        let request = ExplainedRequest(
            method: "GET",
            scheme: "http",
            authority: "helloworld",
            path: "/",
            query: nil,
            headers: []
        )
        #expect(
            explainer.explain(request).reason
                == "VirtualService default/helloworld has no route for this client: \(reason)"
        )
    }

    @Test(arguments: [("CONNECT", 405), ("connect", nil), ("GET", nil)])
    func `the proxy answers CONNECT itself`(method: String, status: Int?) {
        let explainer = RequestExplainer(
            snapshot: ClusterSnapshot([Helloworld.service()]),
            namespace: "default"
        )
        let request = ExplainedRequest(
            method: method,
            scheme: "http",
            authority: "helloworld",
            path: "/",
            query: nil,
            headers: []
        )
        #expect(explainer.explain(request).effects.status == status)
        #expect(explainer.explain(request).action == (status == nil ? .route : .directResponse))
    }

    @Test func `an inverted condition tells what is there`() {
        let row = MatchCases.Row(
            match: ["withoutHeaders": ["x-robot": ["prefix": "Google"]]],
            headers: ["X-Robot": "Googlebot"],
            matches: false
        )
        #expect(
            Self.explain(row).skipped.map(\.reason) == [
                "the header \"x-robot\" \"Googlebot\" begins with \"Google\""
            ]
        )
    }

    @Test func `a host that nobody defines has no explanation but that`() {
        let explainer = RequestExplainer(snapshot: ClusterSnapshot([]), namespace: "default")
        let request = ExplainedRequest(
            method: "GET",
            scheme: "http",
            authority: "nowhere:80",
            path: "/",
            query: nil,
            headers: []
        )
        #expect(explainer.explain(request).host == nil)
        #expect(request.host == "nowhere")
    }

    private static func explain(_ row: MatchCases.Row) -> Explanation {
        let routes = object(
            .virtualService,
            "helloworld",
            namespace: "default",
            [
                "spec": [
                    "hosts": ["helloworld"],
                    "http": [["match": [row.match], "directResponse": ["status": 200]]],
                ]
            ]
        )
        let parts = row.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let explainer = RequestExplainer(
            snapshot: ClusterSnapshot([Helloworld.service(), routes]),
            namespace: "default",
            sourceLabels: ["app": "web"]
        )
        return explainer.explain(
            ExplainedRequest(
                method: row.method,
                scheme: "http",
                authority: row.authority,
                path: String(parts[0]),
                query: parts.count == 2 ? String(parts[1]) : nil,
                headers: row.headers.map { ExplainedRequest.Header(name: $0.key, value: $0.value) }
            )
        )
    }
}
