// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources

/// The `RouteTestReport` of `test -o json|yaml`.
enum RouteTestReport {
    static func node(_ results: [RouteTestResult]) -> Node {
        let failed = results.count { !$0.isPassed }
        return .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("RouteTestReport"),
            "passed": .integer(Int64(results.count - failed)),
            "failed": .integer(Int64(failed)),
            "tests": .sequence(results.map(node)),
        ])
    }

    private static func node(_ result: RouteTestResult) -> Node {
        .mapping([
            "description": .string(result.test.description),
            "file": .string(result.test.file),
            "line": .integer(Int64(result.test.position.line)),
            "column": .integer(Int64(result.test.position.column)),
            "passed": .bool(result.isPassed),
            "requests": .sequence(result.requests.map(node)),
        ])
    }

    private static func node(_ request: RouteTestResult.Request) -> Node {
        var node = Node.mapping([
            "method": .string(request.request.method),
            "url": .string(request.request.url),
            "passed": .bool(request.failures.isEmpty),
            "warning": request.warning.map { .string($0) } ?? Node(.null),
            "failures": .sequence(
                request.failures.map {
                    .mapping([
                        "field": .string($0.field), "line": .integer(Int64($0.position.line)),
                        "column": .integer(Int64($0.position.column)), "message": .string($0.message),
                    ])
                }
            ),
        ])
        // Passed requests need no explanation, and there are many of them.
        if !request.failures.isEmpty {
            node.set(request.explanation.node(hidesEndpoints: true), at: "explanation")
        }
        return node
    }
}
