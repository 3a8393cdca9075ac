// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Where a proxy listens, and where what comes in there goes.
struct ProxyListenersCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "listeners",
        abstract: "Where a proxy listens",
        aliases: ["listener", "l"]
    )
    static let page = "listeners"
    static let kind = "ProxyListener"

    enum ListenerType: String, ExpressibleByArgument, CaseIterable {
        case http = "HTTP"
        case tcp = "TCP"
        case tls = "TLS"

        init?(argument: String) { self.init(rawValue: argument.uppercased()) }
    }

    @OptionGroup var proxy: ProxyArgument

    @Option(help: ArgumentHelp("Those with this address", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("Those with this port", valueName: "port"))
    var port: Int?

    @Option(help: ArgumentHelp("Those whose clients begin with this", valueName: "type"))
    var type: ListenerType?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool {
        item.has(address, at: "address") && item.has(port, at: "port")
            && item.has(type?.rawValue, at: "type")
    }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(titles: ["ADDRESS", "PORT", "MATCH", "DESTINATION"])
        for item in items {
            for (match, destination) in Self.rows(of: item) {
                table.add([item.cell("address"), item.cell("port"), match, destination])
            }
        }
        return table
    }

    private static func rows(of item: Node) -> [(match: String, destination: String)] {
        let route = "Route: \(item.cell("port"))"
        let servers = (item["servers"]?.items ?? []).compactMap { server -> (String, String)? in
            let match = "SNI: \((server["serverNames"]?.strings ?? []).joined(separator: ","))"
            let mode = server.cell("mode")
            guard mode != "PASSTHROUGH" else { return nil }
            return (match, server.cell("type") == "HTTP" ? "TLS \(mode), \(route)" : "TLS \(mode)")
        }
        let connections = (item["connectionRoutes"]?.items ?? []).map { connection in
            (connection.cell("match"), "Cluster: \((connection["clusters"]?.strings ?? []).abridged)")
        }
        let rows = servers + connections
        guard rows.isEmpty else { return rows }
        return [("ALL", item.cell("type") == "HTTP" ? route : "-")]
    }
}

/// By which routes requests and connections go.
struct ProxyRoutesCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "By which routes a proxy sends requests",
        aliases: ["route", "r"]
    )
    static let page = "routes"
    static let kind = "ProxyRoute"

    @OptionGroup var proxy: ProxyArgument

    @Option(help: ArgumentHelp("Those of the listener with this port", valueName: "port"))
    var name: String?

    @Option(
        name: [.customLong("host"), .customLong("fqdn")],
        help: ArgumentHelp("Those of this host", valueName: "name")
    )
    var host: String?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool {
        (name.map { item.cell("name") == $0 } ?? true)
            && (host.map { item.has($0, at: "host") || item["domains"]?.strings.contains($0) == true } ?? true)
    }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(
            titles: ["NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE", "DESTINATIONS"]
        )
        for item in items {
            table.add([
                item.cell("name"), item.cell("host"), (item["domains"]?.strings ?? []).abridged,
                (item["matches"]?.strings ?? []).abridged, Self.owner(of: item), Self.destinations(of: item),
            ])
        }
        return table
    }

    /// `name.namespace`, as istioctl has it.
    private static func owner(of item: Node) -> String {
        let parts = item.cell("virtualService").split(separator: "/", maxSplits: 1)
        return parts.count == 2 ? "\(parts[1]).\(parts[0])" : "-"
    }

    private static func destinations(of item: Node) -> String {
        let destinations = item["destinations"]?.items ?? []
        guard !destinations.isEmpty else { return "\(item.cell("action")) \(item.cell("status"))" }
        return destinations.map { destination in
            let host = HostName.short(destination.cell("host"))
            let subset = destination["subset"]?.string ?? ""
            let name = subset.isEmpty ? host : "\(host):\(subset)"
            return destinations.count == 1 ? name : "\(name)=\(destination.cell("weight"))"
        }.joined(separator: ",")
    }
}
