// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// An object under the eyes of the rules, with the parts that several rules walk over, found once.
package final class CheckedObject {
    package let resource: Resource
    package let root: Located
    /// Of all objects that are checked together.
    package let patterns: PatternProblems

    package init(_ resource: Resource, _ patterns: PatternProblems = PatternProblems()) {
        self.resource = resource
        self.patterns = patterns
        root = Located(root: resource.body)
    }

    package private(set) lazy var metadata = root["metadata"]
    package private(set) lazy var spec = root["spec"]

    /// A field of `spec` for reporting, whether either is there or not.
    package func specField(_ key: String) -> Located {
        (spec ?? root.field("spec")).field(key)
    }

    // MARK: VirtualService

    /// The HTTP routes, nulls left out.
    package private(set) lazy var httpRoutes = present(spec?["http"])
    package private(set) lazy var tlsRoutes = present(spec?["tls"])
    package private(set) lazy var tcpRoutes = present(spec?["tcp"])
    /// The match blocks of all HTTP routes, or of a Rollout's steps, nulls left out.
    package private(set) lazy var httpMatches =
        (resource.kind == .rollout ? present(spec?["steps"]) : httpRoutes).flatMap { present($0["match"]) }
    /// The entries of all routes' destination lists, nulls included.
    package private(set) lazy var weightedDestinations = (httpRoutes + tlsRoutes + tcpRoutes)
        .flatMap { $0["route"]?.items ?? [] }
    /// Every place that names a destination: `destination` of routes and mirrors, and `mirror`.
    package private(set) lazy var destinations: [Located] =
        weightedDestinations.compactMap { $0["destination"] }
        + httpRoutes.flatMap { route in
            [route["mirror"]].compactMap(\.self)
                + (route["mirrors"]?.items ?? []).compactMap { $0["destination"] }
        }
    /// The header changes of routes and of their destinations, for requests and for responses.
    package private(set) lazy var headerOperations: [(operations: Located, isRequest: Bool)] =
        (httpRoutes + httpRoutes.flatMap { $0["route"]?.items ?? [] }).compactMap { $0["headers"] }
        .flatMap { headers in
            [("request", true), ("response", false)].compactMap { key, isRequest in
                headers[key].map { ($0, isRequest) }
            }
        }

    /// The destination lists of all routes, typed: to see with little work that a rule has nothing to look at.
    private(set) lazy var destinationLists: [[WeightedDestination]] =
        resource.virtualService.map { spec in
            spec.http.map(\.destinations) + (spec.tlsRoutes + spec.tcpRoutes).map(\.destinations)
        } ?? []
    /// Whether any HTTP match block has a regular expression.
    private(set) lazy var hasPatterns =
        resource.virtualService?.http.contains { $0.matches.contains(where: \.hasPatterns) } ?? false

    /// Whether conditions of HTTP match blocks are misspelt, so that what the blocks take is not what they were meant to.
    var hasUnknownConditions = false
    /// Which HTTP match blocks never get a request.
    private(set) lazy var routeCoverage = RouteCoverage(http: spec?["http"]?.items ?? [])
    /// Which TLS and TCP routes and match blocks never get a connection.
    private(set) lazy var l4Coverages = ["tls", "tcp"].map { L4Coverage(spec?[$0]?.items ?? []) }

    /// Whether a VirtualService applies to traffic inside the mesh.
    package private(set) lazy var isMeshBound =
        resource.virtualService?.boundGateways.contains(VirtualService.mesh) ?? false
    /// Whether a VirtualService applies to the traffic of some gateway.
    package private(set) lazy var isGatewayBound =
        resource.virtualService?.boundGateways.contains { $0 != VirtualService.mesh } ?? false

    // MARK: DestinationRule

    /// The traffic policies of a DestinationRule and of its subsets.
    package private(set) lazy var trafficPolicies =
        ([spec] + present(spec?["subsets"])).compactMap { $0?["trafficPolicy"] }
    /// All places that hold connection pool, balancer, outlier and TLS settings: policies and their ports.
    package private(set) lazy var policyLevels =
        trafficPolicies + trafficPolicies.flatMap { present($0["portLevelSettings"]) }

    /// Whether settings are those of the DestinationRule as a whole: of what Istio warns in subsets and ports, nobody hears.
    package func isMainPolicy(_ level: Located) -> Bool {
        level.path == "spec.trafficPolicy"
    }

    // MARK: Workloads

    /// The pod template of a Deployment or its like, or the Pod itself.
    package private(set) lazy var podTemplate: Located? =
        switch resource.kind {
        case .deployment, .statefulSet, .daemonSet, .replicaSet, .replicationController, .job, .argoRollout:
            spec?["template"]
        case .pod: root
        default: nil
        }
    package private(set) lazy var podSpec = podTemplate?["spec"]
    package private(set) lazy var initContainers = present(podSpec?["initContainers"])
    /// Containers and init containers.
    package private(set) lazy var containers = present(podSpec?["containers"]) + initContainers

    private func present(_ list: Located?) -> [Located] {
        (list?.items ?? []).filter { !$0.isNull }
    }
}

extension HTTPMatch {
    fileprivate var hasPatterns: Bool {
        uri?.isPattern ?? false
            || [headers, withoutHeaders, queryParams].contains { $0.values.contains(where: \.isPattern) }
    }
}

extension StringMatch {
    fileprivate var isPattern: Bool {
        if case .regex = self { true } else { false }
    }
}
