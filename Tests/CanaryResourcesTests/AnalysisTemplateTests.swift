// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct AnalysisTemplateTests {
    private let template = object(
        .analysisTemplate,
        "errors",
        [
            "spec": [
                "args": [["name": "limit", "value": "0.05"], ["name": "table"]],
                "metrics": [
                    [
                        "name": "errors", "max": "{{args.limit}}",
                        "prometheus": ["address": "http://h", "query": "{{args.table}} {{version}}"],
                    ]
                ],
            ]
        ]
    )

    private func rollout(_ uses: Node) -> Resource {
        object(
            .rollout,
            "shop",
            [
                "spec": [
                    "host": "shop", "canary": "v2",
                    "analysis": ["templates": uses, "metrics": [["name": "own", "command": ["true"]]]],
                ]
            ]
        )
    }

    @Test func `a Rollout gets its templates' metrics, with what it says`() throws {
        let use: Node = [
            [
                "name": "errors",
                "args": [["name": "table", "value": "orders"], ["name": "limit", "value": "0.1"]],
            ]
        ]
        let resolved = rollout(use).resolvingTemplates { $0 == "errors" ? template.analysisTemplate : nil }
        let analysis = try #require(resolved.rollout.rollout?.analysis)
        #expect(resolved.missing == nil && analysis.templates.isEmpty)
        #expect(analysis.metrics.map(\.name) == ["own", "errors"])
        #expect(analysis.metrics[1].bounds == NumberBounds(max: 0.1))
        guard case .prometheus(_, let query) = analysis.metrics[1].source else { throw Wrong() }
        #expect(query == "orders {{version}}")
    }

    @Test func `what is not said is the template's own, or missing`() {
        let resolved = rollout([["name": "errors"]]).resolvingTemplates { _ in template.analysisTemplate }
        #expect(resolved.rollout.rollout?.analysis.metrics.last?.bounds.max == 0.05)
        #expect(template.analysisTemplate?.missing([]) == ["table"])
    }

    @Test func `a template that is not there is named, and one without any is as it was`() {
        #expect(rollout([["name": "no"]]).resolvingTemplates { _ in nil }.missing == "no")
        #expect(rollout([]).resolvingTemplates { _ in nil }.rollout.body == rollout([]).body)
    }

    private struct Wrong: Error {}
}
