// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What `set-weight` is asked to do.
package enum WeightRequest: Hashable, Sendable {
    /// One version gets a share, the others keep their proportions.
    case one(String, Percentage)
    /// Every version named gets its share, all others nothing.
    case all([String: Percentage])
}

/// Why a change of weights is impossible.
package enum WeightPlanError: Error, Hashable, Sendable {
    /// Neither an object nor a VirtualService knows the host.
    case unknownHost(String)
    /// No Deployment, endpoint or subset knows the version.
    case unknownVersion(String, known: [String])
    /// The version stands for the same destination as another one of the request.
    case repeatedVersion(String)
    /// The route's only destination takes everything.
    case onlyDestination(String)
    /// The shares do not sum to 100 %; the sum in millionths.
    case wrongSum(Int)
    /// No route has the name or index.
    case unknownRoute(String, known: [String])
    /// Several routes have the name.
    case ambiguousRoute(String, numbers: [Int])
    /// No route takes every request, so one has to be named; none is known where all routes are lost.
    case noCatchAll(known: [String])
    /// The route redirects or answers by itself.
    case notForwarding(String)
    /// The route sends to all versions of a host alike, so there is no weight to change.
    case wholeHost(String)
}
