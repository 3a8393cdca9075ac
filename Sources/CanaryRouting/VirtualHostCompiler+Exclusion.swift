// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

extension VirtualHostCompiler {
    /// Why a match block does not count for the clients of this listener; `nil` where it does. A Gateway's clients have no
    /// labels.
    func exclusion(of match: HTTPMatch, in namespace: String) -> MatchExclusion? {
        switch position {
        case .mesh:
            guard match.gateways.isEmpty else {
                return match.gateways.contains(VirtualService.mesh) ? nil : .gateways(match.gateways)
            }
            guard scope.labels.contains(all: match.sourceLabels) else {
                return .sourceLabels(match.sourceLabels)
            }
            let wanted = match.sourceNamespace ?? scope.namespace
            return wanted == scope.namespace ? nil : .sourceNamespace(wanted)
        case .gateway(let names, let port):
            if let wanted = match.port, wanted != port { return .port(wanted) }
            guard match.gateways.isEmpty else {
                let isMeant = match.gateways.contains {
                    GatewayReference($0, namespace: namespace).map(names.contains) ?? false
                }
                return isMeant ? nil : .gateways(match.gateways)
            }
            guard match.sourceLabels.isEmpty else { return .sourceLabels(match.sourceLabels) }
            return match.sourceNamespace.map { .sourceNamespace($0) }
        }
    }

    /// The same for a match block of a TCP route, at a port.
    func exclusion(of match: L4Match, port: Int, in namespace: String) -> MatchExclusion? {
        if let wanted = match.port, wanted != port { return .port(wanted) }
        var others = HTTPMatch.any
        others.sourceLabels = match.sourceLabels
        others.sourceNamespace = match.sourceNamespace
        others.gateways = match.gateways
        return exclusion(of: others, in: namespace)
    }

    /// Whether such a block counts for nobody.
    func isExcluded(_ match: L4Match, port: Int, in namespace: String) -> Bool {
        exclusion(of: match, port: port, in: namespace) != nil
    }
}
