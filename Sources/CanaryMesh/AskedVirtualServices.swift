// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Which of a host's VirtualServices decides about a client's requests, at each port of the host.
///
/// Labels and namespace of the client, the port, and gateways say which match blocks exist for it. A VirtualService none of
/// whose blocks does is as good as absent: istiod makes no virtual host of it ("no routes matched"), so that the next
/// VirtualService, or the Service's own route, takes the request.
package struct AskedVirtualServices {
    package struct Candidate {
        package var virtualService: Resource
        package var routes: [EffectiveRoute]

        package init(_ virtualService: Resource, _ routes: [EffectiveRoute]) {
            self.virtualService = virtualService
            self.routes = routes
        }
    }

    /// What decides at some ports.
    package struct Decision {
        /// `nil` where it does so at every port.
        package var ports: [Int]?
        /// A position among the candidates; `nil` where none of them has a route for the client.
        package var candidate: Int?
    }

    /// Those that were asked, oldest first: none behind one that decides at all ports that are left.
    package private(set) var candidates: [Candidate] = []
    package private(set) var decisions: [Decision] = []

    /// `ports` are those of the Service, none where there is no Service: all requests then count as being for port 80.
    package init(
        _ all: some Sequence<Candidate>,
        ports: [Int],
        exists: (HTTPMatch, _ namespace: String) -> Bool
    ) {
        var open = ports.isEmpty ? [80] : ports
        for candidate in all where !open.isEmpty {
            let taken = open.filter { candidate.hasRoute(at: $0, exists) }
            if !taken.isEmpty {
                open.removeAll(where: taken.contains)
                decisions.append(Decision(ports: taken, candidate: candidates.count))
            }
            candidates.append(candidate)
        }
        if !open.isEmpty { decisions.append(Decision(ports: open, candidate: nil)) }
        if decisions.count == 1 { decisions[0].ports = nil }
    }
}

extension AskedVirtualServices.Candidate {
    fileprivate func hasRoute(at port: Int, _ exists: (HTTPMatch, _ namespace: String) -> Bool) -> Bool {
        routes.contains { effective in
            effective.route.matches.isEmpty
                || effective.route.matches.contains { match in
                    (match.port ?? port) == port && exists(match, effective.source.namespace)
                }
        }
    }
}
