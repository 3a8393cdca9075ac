// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Which route a request takes, what the route does with it, and why the routes before it do not take it.
package struct Explanation: Sendable {
    /// A route that was asked before the one that is taken.
    package struct Skipped: Sendable {
        /// Its number among the routes of the host (``HostRoute``).
        package var index: Int
        package var name: String
        package var virtualService: ResourceKey
        /// For each match block in order, the first condition that does not hold.
        package var blocks: [String]

        /// All of them, repeats left out.
        package var reason: String {
            var seen: Set<String> = []
            return blocks.filter { seen.insert($0).inserted }.joined(separator: "; ")
        }
    }

    /// A delegating route that would have taken the request, had its delegate been of use.
    package struct Lost: Sendable {
        /// The position in the VirtualService's `spec.http`.
        package var index: Int
        package var name: String
        package var virtualService: ResourceKey
        package var delegate: ResourceKey
        package var reason: String
    }

    /// What a route does besides choosing a destination.
    package struct Effects: Sendable {
        /// Of a redirect or a direct response.
        package var status: Int?
        /// Of a redirect.
        package var location: String?
        /// Of a direct response; `nil` without one.
        package var body: String?
        /// The target that is sent on; `nil` where nothing is.
        package var target: String?
        /// The same where it is not the client's.
        package var path: String?
        /// The authority that is sent on; `nil` where nothing is, where it is the client's, or where destinations differ in it.
        package var authority: String?
        /// Milliseconds for all tries together; 0 is none.
        package var timeout = 0
        /// Retries after the first try.
        package var retries = 0
        /// Milliseconds for each try; 0 is none.
        package var perTryTimeout = 0
        /// Changes of the request's headers and of the answer's, in words.
        package var headers = HeaderTexts()
        /// The same for destinations that add changes of their own, by their position.
        package var destinationHeaders: [Int: HeaderTexts] = [:]
    }

    /// Changes of headers in words: `set x-version: v2`.
    package struct HeaderTexts: Hashable, Sendable {
        package var request: [String] = []
        package var response: [String] = []
    }

    /// The full name; `nil` where nobody defines the host, so that the answer is 404.
    package var host: String?
    package var virtualService: ResourceKey?
    /// The port of the host that a client of the mesh asks for; `nil` at Gateways.
    package var meshPort: Int?
    /// `nil` where no route takes the request, so that the answer is 404, and for a Gateway's redirect to https.
    package var route: TrafficReport.Route?
    /// What the route is made of; `nil` where ``route`` is, and for a host without VirtualService.
    package var effective: EffectiveRoute?
    package var action = Action.notFound
    /// Why there is no host, no route, or an answer without either, in words; `nil` where a route takes the request.
    package var reason: String?
    package var skipped: [Skipped] = []
    package var lost: [Lost] = []
    package var effects = Effects()
    /// Those of the request that the proxy takes away from clients, by name; no route matches by them.
    package var droppedHeaders: [String] = []
    /// For a route with a CORS policy and a request that has an origin.
    package var crossOrigin: CrossOrigin?
    /// Fields of the route that canaryctl's proxy does not act on.
    package var unserved: [String] = []
    /// What decides which destination gets a request; `nil` for traffic that is not sticky.
    package var hashKey: StickyChoice.Key?
    /// For traffic that is sticky and a request that has the key.
    package var sticky: StickyChoice?

    package enum Action: String, Sendable {
        case route, redirect, directResponse, notFound
    }
}

extension Explanation {
    /// What becomes of CONNECT, whatever the host: the proxy opens no tunnels.
    static var connect: Explanation {
        var explanation = Explanation(reason: "the proxy takes no CONNECT")
        explanation.action = .directResponse
        explanation.effects.status = 405
        return explanation
    }
}
