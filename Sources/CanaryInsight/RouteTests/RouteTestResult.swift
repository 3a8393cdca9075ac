// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What became of a routing test.
package struct RouteTestResult: Sendable {
    package struct Failure: Sendable {
        /// The expectation's key; empty for a test that expects no more than a route.
        package var field: String
        package var position: Position
        /// What was expected and what is, in words.
        package var message: String
    }

    package struct Request: Sendable {
        package var request: ExplainedRequest
        package var explanation: Explanation
        package var failures: [Failure]
        /// What Istio would do otherwise; `nil` where it would do the same.
        package var warning: String?
    }

    package var test: RouteTestCase
    package var requests: [Request]

    package var isPassed: Bool { requests.allSatisfy(\.failures.isEmpty) }
}
