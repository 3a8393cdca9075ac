// SPDX-License-Identifier: Apache-2.0

/// A mirror copies requests to a destination that the same route sends them to, which then handles requests twice. What
/// changes something is changed twice.
enum MirrorRepeatsRule: ObjectRule {
    static let code = RuleCode("CAN1107")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let routes = object.resource.virtualService?.http ?? []
        guard routes.contains(where: { $0.mirror != nil || !$0.mirrors.isEmpty }) else { return }
        let namespace = object.resource.namespace
        for route in object.httpRoutes {
            let shares = WeightShares(route["route"]?.items ?? []).positive
            for mirror in mirrors(of: route) {
                let copy = Destination(mirror.node)
                let twin = shares.first { entry, _ in
                    let destination = Destination(entry.node["destination"])
                    return destination.subset == copy.subset && destination.port == copy.port
                        && HostName.resolve(destination.host, namespace: namespace)
                            == HostName.resolve(copy.host, namespace: namespace)
                }
                guard let twin, !copy.host.isEmpty else { continue }
                report.add(
                    at: mirror,
                    "\(copy.label) gets \(WeightShares.percent(twin.share)) of these requests already, and handles "
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
