// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import CanaryRules

/// One routing test: requests, and what is expected of all of them. The format is that of istio-config-validator, extended.
package struct RouteTestCase: Sendable {
    package var description: String
    /// Where the test begins.
    package var file: String
    package var position: Position
    /// Whether the expectations hold, or each of them must not.
    package var wantMatch: Bool
    /// Every combination of the authorities, methods and URIs.
    package var requests: [ExplainedRequest]
    package var client: Client
    package var expectations: [Expectation]

    /// Where the requests come from, as far as the test says.
    package struct Client: Hashable, Sendable {
        package var namespace: String?
        package var sourceLabels: [String: String]
        /// As written: `name` or `namespace/name`.
        package var gateway: String?
    }

    package struct Expectation: Sendable {
        package var field: String
        package var position: Position
        package var value: Node
    }
}

extension RouteTestCase {
    /// Reads the tests of a document, and reports what is wrong with them: unknown keys, wrong types, missing fields, requests that
    /// nobody could send. Tests with errors are left out.
    package static func read(_ document: Node, file: String) -> (
        cases: [RouteTestCase], diagnostics: [Diagnostic]
    ) {
        let document = document.withCanonicalRoot
        var diagnostics = SchemaCheck.check(
            document,
            type: RouteTestFields.root,
            of: SchemaFields(RouteTestFields.table),
            file: file
        )
        guard diagnostics.isEmpty else { return ([], diagnostics) }
        var cases: [RouteTestCase] = []
        for (index, node) in (document["testCases"]?.items ?? []).enumerated() {
            let reader = RouteTestReader(
                node: node,
                path: FieldPath([.key("testCases"), .index(index)]),
                file: file
            )
            switch reader.read() {
            case .success(let test): cases.append(test)
            case .failure(let problem): diagnostics.append(problem.diagnostic)
            }
        }
        return (cases, diagnostics)
    }
}

extension Node {
    /// Go's JSON reader does not look at the case of keys, and there are files that begin with `TestCases`.
    fileprivate var withCanonicalRoot: Node {
        guard var mapping, let index = mapping.entries.firstIndex(where: { $0.key == "TestCases" }) else {
            return self
        }
        mapping.entries[index].key = "testCases"
        return Node(.mapping(mapping), at: position)
    }
}
