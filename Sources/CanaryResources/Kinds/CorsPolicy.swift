// SPDX-License-Identifier: Apache-2.0

/// Which pages of other origins may call a route: what is answered to preflights and added to answers.
package struct CorsPolicy: Hashable, Sendable {
    package enum UnmatchedPreflights: Hashable, Sendable {
        /// Sent on; also what Istio does where nothing is said.
        case forward
        /// Answered without CORS headers.
        case ignore
    }

    /// Also those of the older `allowOrigin`, which are exact, where `allowOrigins` is missing.
    package var allowOrigins: [StringMatch]
    package var allowMethods: [String]
    package var allowHeaders: [String]
    package var exposeHeaders: [String]
    package var maxAge: Duration?
    package var allowCredentials: Bool?
    package var unmatchedPreflights: UnmatchedPreflights

    init(_ node: Node) {
        let exact = node["allowOrigin"]?.strings.map(StringMatch.exact) ?? []
        allowOrigins = node["allowOrigins"]?.items.map(StringMatch.init) ?? exact
        allowMethods = node["allowMethods"]?.strings ?? []
        allowHeaders = node["allowHeaders"]?.strings ?? []
        exposeHeaders = node["exposeHeaders"]?.strings ?? []
        maxAge = Duration(node["maxAge"])
        allowCredentials = node["allowCredentials"]?.bool
        unmatchedPreflights = node["unmatchedPreflights"]?.string == "IGNORE" ? .ignore : .forward
    }
}
