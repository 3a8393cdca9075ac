// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// A VirtualService has HTTP routes for a port that Istio takes for TCP or TLS, by the name or `appProtocol` of a Service's port
/// or the `protocol` of a ServiceEntry's. There it ignores HTTP routes: requests go to the endpoints of all versions, and nothing
/// is split. Of a host that has ports for HTTP too, it is told of the port that a `match` names, and where routes split the
/// host. canaryctl's proxy serves such routes, so it is information unless the manifests are meant for Istio (`--for istio`).
enum HTTPRoutesOnTCPPortRule: ReferenceRule {
    static let code = RuleCode("CAN1130")
    static let severity = Severity.info
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        guard object.isMeshBound, !object.httpRoutes.isEmpty else { return }
        lazy var routes = cluster.snapshot.effectiveRoutes(of: object.resource)
        lazy var splitHosts = hostsSplitAnywhere(object.resource, routes)
        var named: Set<Int> = []
        for place in object.spec?["hosts"]?.items ?? [] {
            guard let name = place.string else { continue }
            let host = HostName.resolve(name, namespace: object.resource.namespace)
            let ports = cluster.snapshot.opaquePorts(of: host, namespace: object.resource.namespace)
            guard !ports.opaque.isEmpty else { continue }
            guard ports.hasOthers else {
                add(ports.opaque, of: name, at: place, &report)
                continue
            }
            for port in ports.opaque where named.insert(port.number).inserted {
                for field in fields(naming: port.number, object, routes) {
                    add([port], of: name, at: field, &report)
                }
            }
            if splitHosts.contains(host) { add(ports.opaque, of: name, at: place, &report) }
        }
    }

    private static func add(
        _ ports: [OpaquePorts.Port],
        of host: String,
        at place: Located,
        _ report: inout RuleReport
    ) {
        guard let first = ports.first else { return }
        let more = ports.count > 1 ? " and \(ports.count - 1) more" : ""
        let reason = first.said.isEmpty ? "by its number" : "\"\(first.said)\""
        report.add(
            at: place,
            "Istio ignores HTTP routes for \"\(host)\" at port \(first.number)\(more), which is none for HTTP to it "
                + "(\(reason))",
            hint: "if it speaks plain HTTP, \(first.remedy)"
        )
    }

    /// The conditions on a port, in the routes and, of delegates, the places that lead there.
    private static func fields(naming port: Int, _ object: CheckedObject, _ effective: [EffectiveRoute])
        -> [Located]
    {
        let own = object.httpMatches.compactMap { $0["port"] }.filter { $0.integer == Int64(port) }
        let delegating = effective.filter { route in
            route.source.key != object.resource.key && route.route.matches.contains { $0.port == port }
        }
        let roots = Set(delegating.map(\.rootIndex)).sorted()
        let routes = object.spec?["http"]?.items ?? []
        return own
            + roots.compactMap { index in
                guard routes.indices.contains(index) else { return nil }
                let isOwn = routes[index]["match"]?.items.contains { $0["port"]?.integer == Int64(port) }
                return isOwn == true ? nil : routes[index]["delegate"]
            }
    }

    /// The hosts of which routes that ask for no port tell versions apart, while no TCP or TLS routes are there.
    private static func hostsSplitAnywhere(_ resource: Resource, _ routes: [EffectiveRoute]) -> Set<String> {
        let streams = (resource.virtualService?.tcpRoutes ?? []) + (resource.virtualService?.tlsRoutes ?? [])
        guard streams.isEmpty else { return [] }
        return Set(
            routes.flatMap { effective -> [String] in
                let matches = effective.route.matches
                guard matches.isEmpty || matches.contains(where: { $0.port == nil }) else { return [] }
                return effective.route.destinations.map(\.destination).filter { $0.subset != nil }
                    .map(effective.resolve)
            }
        )
    }
}
