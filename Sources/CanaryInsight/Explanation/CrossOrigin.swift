// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What a CORS policy makes of a request that a page of some origin sends.
package struct CrossOrigin: Hashable, Sendable {
    package var origin: String
    package var isAllowed: Bool
    /// Whether the request only asks for permission; one of an allowed origin is answered by the proxy.
    package var isPreflight: Bool

    /// `nil` for a request without origin.
    init?(_ policy: CorsPolicy, _ facts: RequestFacts) {
        guard let origin = facts.header(ByteSlice("origin"))?.value.text else { return nil }
        self.origin = origin
        isAllowed = policy.allowOrigins.contains { $0.accepts(origin) }
        isPreflight =
            facts.method.equals(ByteSlice("OPTIONS"))
            && facts.header(ByteSlice("access-control-request-method")) != nil
    }
}

extension StringMatch {
    /// Envoy compares a lone star with any origin.
    fileprivate func accepts(_ origin: String) -> Bool {
        switch self {
        case .exact("*"), .present: true
        case .exact(let text): origin == text
        case .prefix(let text): origin.utf8.starts(with: text.utf8)
        case .regex(let pattern): (try? RegularExpression(pattern))?.matchesWhole(origin) ?? false
        }
    }
}
