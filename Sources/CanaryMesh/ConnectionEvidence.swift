// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension L4Route {
    /// Under which the connections are counted that a route of a VirtualService gives to one of its destinations, whose host is
    /// resolved already. The route is known by its conditions; any change of its VirtualService begins a new epoch of it.
    package func evidenceKey(
        to destination: Destination,
        at resolved: String,
        of virtualService: Resource,
        store: String,
        host: String
    ) -> EvidenceKey {
        let conditions = matches.map { match in
            let labels = match.sourceLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let parts =
                match.destinationSubnets + labels + match.gateways
                + [match.sourceNamespace ?? "", match.port.map(String.init) ?? ""]
            return parts.joined(separator: ",")
        }
        return EvidenceKey(
            store: store,
            host: host,
            owner: virtualService.stored?.uid ?? "",
            route: RouteIdentity.ascii("tcp:\(conditions.joined(separator: ";"))"),
            destination: EvidenceKey.destination(destination, at: resolved),
            epoch: virtualService.stored.map { RouteEpoch(revision: $0.revision, commit: "") } ?? .none
        )
    }
}
