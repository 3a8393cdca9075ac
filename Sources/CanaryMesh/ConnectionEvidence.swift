// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension L4Route {
    /// Its conditions, in whatever order they are written: what tells it from other routes of `spec.tcp` and `spec.tls`.
    var identity: String {
        let conditions = matches.map { match in
            let labels = match.sourceLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let parts =
                match.sniHosts.map { $0.lowercased() } + match.destinationSubnets + labels + match.gateways
                + [match.sourceNamespace ?? "", match.port.map(String.init) ?? ""]
            return parts.joined(separator: ",")
        }
        let isTLS = matches.contains { !$0.sniHosts.isEmpty }
        return RouteIdentity.ascii("\(isTLS ? "tls" : "tcp"):\(conditions.joined(separator: ";"))")
    }

    /// Under which the connections are counted that the route, which is at `index` of a VirtualService's list, gives to one of its
    /// destinations, whose host is resolved already.
    package func evidenceKey(
        to destination: Destination,
        at resolved: String,
        of virtualService: Resource,
        list: HostRoute.List,
        index: Int,
        store: String,
        host: String
    ) -> EvidenceKey {
        EvidenceKey(
            store: store,
            host: host,
            owner: virtualService.stored?.uid ?? "",
            route: identity,
            destination: EvidenceKey.destination(destination, at: resolved),
            epoch: virtualService.connectionEpoch(list, index)
        )
    }
}

extension Resource {
    /// Since when an entry of `spec.tcp` or `spec.tls` splits its connections as it does: behind the epochs of `spec.http`, and of
    /// `spec.tcp`.
    package func connectionEpoch(_ list: HostRoute.List, _ index: Int) -> RouteEpoch {
        guard let stored else { return .none }
        let before = list == .tls ? virtualService?.tcpRoutes.count ?? 0 : 0
        let position = (virtualService?.http.count ?? 0) + before + index
        guard stored.routeEpochs.indices.contains(position) else {
            // Stored by a version that kept none for it. The object's own id is as little another's as a commit's.
            return RouteEpoch(revision: stored.revision, commit: stored.uid)
        }
        return stored.routeEpochs[position]
    }
}
