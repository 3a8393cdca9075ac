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
        return .init(status: 200, body: (lines + state.problems).map { $0 + "\n" }.joined())
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
        let lines = ClusterList(contents, shared.book.series()).lines
        return .init(status: 200, body: lines.map { $0 + "\n" }.joined())
    }

    /// The present table: listeners, hosts, routes, destinations and endpoints, without anything secret.
    func configuration() -> AdminConnection.Answer {
        let state = shared.publication()
        var json = JSONText()
        json.object { json in
            json.field("revision", Int(state.table?.revision ?? -1))
            json.array("listeners", state.listeners) { json, listener in
                let hosts = contents(of: listener, in: state)
                json.object {
                    $0.field("address", listener.address.text)
                    $0.field("kind", "\(listener.spec.kind)")
                    $0.array("hosts", hosts) { $0.value($1.name) }
                    $0.array("virtualHosts", hosts) { $0.add($1) }
                }
            }
        }
        return .init(status: 200, type: "application/json", body: json.text + "\n")
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

extension JSONText {
    fileprivate mutating func add(_ host: RoutingTableContents.Host) {
        object {
            $0.field("host", host.name)
            $0.array("domains", host.domains) { $0.value($1) }
            $0.array("routes", host.routes) { $0.add($1) }
        }
    }

    private mutating func add(_ route: RoutingTableContents.Route) {
        object {
            $0.field("virtualService", route.virtualService)
            $0.field("index", route.index)
            $0.field("action", "\(route.action)")
            $0.field("matchBlocks", route.blocks)
            if route.action != .forward { $0.field("status", route.status) }
            if route.timeoutMilliseconds > 0 { $0.field("timeoutMilliseconds", route.timeoutMilliseconds) }
            $0.array("destinations", route.destinations) { $0.add($1) }
        }
    }

    private mutating func add(_ destination: RoutingTableContents.Destination) {
        let counter = destination.counter
        object {
            $0.field("host", counter.destinationHost)
            $0.field("subset", counter.subset)
            if let port = destination.port { $0.field("port", port) }
            $0.field("weight", counter.weight)
            $0.field("route", counter.routeName)
            $0.field("since", Int(counter.key.epoch.revision))
            $0.array("endpoints", destination.endpoints) { json, endpoint in
                json.object {
                    $0.field("address", endpoint.address)
                    $0.field("weight", endpoint.weight)
                    $0.field("workload", endpoint.workload)
                    $0.field("version", endpoint.version)
                }
            }
        }
    }
}
