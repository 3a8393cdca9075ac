// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A mirror copies requests to a destination that the same route sends them to, which then handles requests twice. What
/// changes something is changed twice.
enum MirrorRepeatsRule: ObjectRule {
    static let code = RuleCode("CAN1107")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    private struct Target: Hashable {
        /// The full name.
        var host: String
        var subset: String?
        var port: Int?
    }

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let routes = object.resource.virtualService?.http ?? []
        guard routes.contains(where: { $0.mirror != nil || !$0.mirrors.isEmpty }) else { return }
        let namespace = object.resource.namespace
        func target(_ destination: Destination) -> Target {
            Target(
                host: HostName.resolve(destination.host, namespace: namespace),
                subset: destination.subset,
                port: destination.port
            )
        }
        for route in object.httpRoutes {
            let mirrors = mirrors(of: route)
            guard !mirrors.isEmpty else { continue }
            let shares = Dictionary(
                WeightShares(route["route"]?.items ?? []).positive.map {
                    (target(Destination($0.entry.node["destination"])), $0.share)
                }
            ) { first, _ in first }
            for mirror in mirrors {
                let copy = Destination(mirror.node)
                guard !copy.host.isEmpty, let share = shares[target(copy)] else { continue }
                report.add(
                    at: mirror,
                    "\(copy.label) gets \(WeightShares.percent(share)) of these requests already, and handles "
                        + "the mirrored ones again",
                    hint: "mirror to another subset or Service, or remove the mirror"
                )
            }
        }
    }

    /// The destinations of those mirrors that copy something.
    private static func mirrors(of route: Located) -> [Located] {
        let share = route["mirrorPercentage"]?["value"] ?? route["mirrorPercent"] ?? route["mirror_percent"]
        let single = share?.node.number == 0 ? nil : route["mirror"]
        return [single].compactMap(\.self)
            + (route["mirrors"]?.items ?? [])
            .filter { $0["percentage"]?["value"]?.node.number != 0 }
            .compactMap { $0["destination"] }
    }
}
