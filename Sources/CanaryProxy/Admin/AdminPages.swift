// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What the admin pages show.
struct AdminPages {
    let shared: ProxyShared

    /// 503 before the first table and while draining; an old table is still a table.
    func ready() -> AdminConnection.Answer {
        let state = shared.publication()
        if state.isDraining { return .init(status: 503, body: "DRAINING\n") }
        guard state.table != nil else { return .init(status: 503, body: "INITIALIZING\n") }
        var lines = ["LIVE"]
        if let since = state.staleSince {
            var moment = ByteBuffer(capacity: 32)
            moment.append(timestamp: since &* 1000)
            lines.append("stale since \(moment.slice.text)")
        }
        return .init(status: 200, body: (lines + shared.problems + state.damage).map { $0 + "\n" }.joined())
    }

    /// The paths of all pages.
    var index: String {
        ["/ready", "/stats/prometheus", "/config_dump", "/clusters"].map { $0 + "\n" }.joined()
    }

    func prometheus() -> AdminConnection.Answer {
        .init(
            status: 200,
            type: "text/plain; version=0.0.4; charset=utf-8",
            body: PrometheusText(shared: shared).text()
        )
    }

    /// Every destination of the present table by Envoy's name for it, with its endpoints and what was counted.
    func clusters() -> AdminConnection.Answer {
        .init(status: 200, body: (clusterList.lines + checkedLines).map { $0 + "\n" }.joined())
    }

    var clusterList: ClusterList {
        ClusterList(
            contents,
            shared.book.series(),
            shared.identifiers,
            shared.publication().resolutions
        )
    }

    /// The addresses that are checked, by the host that asks for it, with Envoy's word for those that fail.
    private var checkedLines: [String] {
        shared.health.standings().map { target, standing in
            let flags = standing.isHealthy ? "healthy" : "/failed_active_hc"
            return "\(target.host)::\(target.address.description)::health_flags::\(flags)"
        }
    }

    /// The present table: listeners, hosts, routes, destinations and endpoints, without anything secret.
    func configuration() -> AdminConnection.Answer {
        let state = shared.publication()
        let node = Node.mapping([
            "revision": .integer(state.table?.revision ?? -1),
            "listeners": .sequence(
                state.listeners.map { listener in
                    let hosts = contents(of: listener, in: state)
                    return .mapping([
                        "address": .string(listener.address.text),
                        "kind": .string("\(listener.spec.kind)"),
                        "hosts": .sequence(hosts.map { .string($0.name) }),
                        "virtualHosts": .sequence(hosts.map(\.node)),
                    ])
                }
            ),
        ])
        return .init(status: 200, type: "application/json", body: JSONWriter.write(node) + "\n")
    }

    /// A page of ``ServedConfiguration``; `nil` for none of that name.
    func served(_ name: Substring) -> AdminConnection.Answer? {
        guard let page = ServedConfiguration.Page(rawValue: String(name)) else { return nil }
        let node = ServedConfiguration(shared).node(of: page)
        return .init(
            status: 200,
            type: "application/json",
            body: JSONWriter.write(node) + "\n"
        )
    }

    /// The hosts of all listeners.
    private var contents: [RoutingTableContents.Host] {
        let state = shared.publication()
        return state.listeners.flatMap { contents(of: $0, in: state) }
    }

    private func contents(of listener: OpenListener, in state: Publication) -> [RoutingTableContents.Host] {
        guard let table = state.table, let index = table.listeners.firstIndex(of: listener.spec) else {
            return []
        }
        return table.contents(listener: Int32(index), shared.identifiers)
    }
}

extension RoutingTableContents.Host {
    fileprivate var node: Node {
        .mapping([
            "host": .string(name),
            "domains": .sequence(domains.map { .string($0) }),
            "routes": .sequence(routes.map(\.node)),
        ])
    }
}

extension RoutingTableContents.Route {
    var node: Node {
        var node = Node.mapping([
            "virtualService": .string(virtualService),
            "index": .integer(Int64(index)),
            "action": .string("\(action)"),
            "matchBlocks": .integer(Int64(blocks)),
        ])
        if let port { node.set(.integer(Int64(port)), at: "tcpPort") }
        if action != .forward { node.set(.integer(Int64(status)), at: "status") }
        if timeoutMilliseconds > 0 {
            node.set(.integer(Int64(timeoutMilliseconds)), at: "timeoutMilliseconds")
        }
        node.set(.sequence(destinations.map(\.node)), at: "destinations")
        return node
    }
}

extension RoutingTableContents.Destination {
    var node: Node {
        var node = Node.mapping(["host": .string(counter.destinationHost), "subset": .string(counter.subset)])
        if let port { node.set(.integer(Int64(port)), at: "port") }
        node.set(.integer(Int64(counter.weight)), at: "weight")
        node.set(.string(counter.routeName), at: "route")
        node.set(.integer(counter.key.epoch.revision), at: "since")
        node.set(.sequence(endpoints.map(\.node)), at: "endpoints")
        return node
    }
}

extension RoutingTableContents.Endpoint {
    fileprivate var node: Node {
        .mapping([
            "address": .string(address),
            "weight": .integer(Int64(weight)),
            "workload": .string(workload),
            "version": .string(version),
        ])
    }
}
