// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// What canaryctl gives a meaning and Istio answers with 503: subsets that no DestinationRule defines.
enum IstioRefusals {
    private static let implicitSubset = "CAN0805"

    static func findings(_ resources: [Resource], in snapshot: ClusterSnapshot) -> [Diagnostic] {
        RuleCatalog.checkReferences(resources, in: snapshot, asWarnings: false)
            .filter { $0.code.canary == implicitSubset }.map(\.ratedForIstio)
    }

    /// Those of one route.
    static func findings(about route: EffectiveRoute, in snapshot: ClusterSnapshot) -> [Diagnostic] {
        let place: [FieldPath.Component] = [.key("spec"), .key("http"), .index(route.sourceIndex)]
        return findings([route.source], in: snapshot).filter { $0.path.components.starts(with: place) }
    }
}
