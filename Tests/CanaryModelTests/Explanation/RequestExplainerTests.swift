// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryModel

struct RequestExplainerTests {
    @Test(arguments: MatchTests.paths + MatchTests.pseudo + MatchTests.headers)
    func `a route is skipped for a reason exactly where it does not match`(row: MatchTests.Row) {
        let explanation = Self.explain(row)
        #expect((explanation.route != nil) == row.matches)
        #expect(explanation.skipped.isEmpty == row.matches)
        #expect(explanation.skipped.allSatisfy { !$0.reason.isEmpty })
    }

    @Test func `an inverted condition tells what is there`() {
        let row = MatchTests.Row(
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

    private static func explain(_ row: MatchTests.Row) -> Explanation {
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
