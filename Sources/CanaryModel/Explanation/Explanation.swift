// SPDX-License-Identifier: Apache-2.0

/// Which route a request takes, what the route does with it, and why the routes before it do not take it.
package struct Explanation: Sendable {
    /// A route that was asked before the one that is taken.
    package struct Skipped: Sendable {
        package var index: Int
        package var name: String
        /// The first condition that does not hold, for each match block.
        package var reason: String
    }

    /// What a route does besides choosing a destination.
    package struct Effects: Sendable {
        /// Of a redirect or a direct response.
        package var status: Int?
        /// Of a redirect.
        package var location: String?
        /// The target that is sent on; `nil` where nothing is, or where it is the client's.
        package var path: String?
        /// The authority that is sent on; `nil` where nothing is, where it is the client's, or where destinations differ in it.
        package var authority: String?
        /// Milliseconds for all tries together; 0 is none.
        package var timeout = 0
        /// Retries after the first try.
        package var retries = 0
        /// Milliseconds for each try; 0 is none.
        package var perTryTimeout = 0
        /// Changes of the request's headers and of the answer's, in words; those of single destinations left out.
        package var requestHeaders: [String] = []
        package var responseHeaders: [String] = []
    }

    /// The full name; `nil` where nobody defines the host, so that the answer is 404.
    package var host: String?
    package var virtualService: ResourceKey?
    /// `nil` where no route takes the request, so that the answer is 404.
    package var route: TrafficReport.Route?
    package var skipped: [Skipped] = []
    package var effects = Effects()
}
