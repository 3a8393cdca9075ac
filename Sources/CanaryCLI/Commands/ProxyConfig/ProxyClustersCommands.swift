// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Which cluster is meant, as istioctl asks for it.
struct ClusterFilter: ParsableArguments {
    @Option(
        name: [.customLong("fqdn"), .customLong("host")],
        help: ArgumentHelp("Those of the host with this full name", valueName: "name")
    )
    var host: String?

    @Option(help: ArgumentHelp("Those of this port of the Service", valueName: "port"))
    var port: Int?

    @Option(help: ArgumentHelp("Those of this subset", valueName: "subset"))
    var subset: String?

    func accepts(_ item: Node) -> Bool {
        item.has(host, at: "host") && item.has(port, at: "port") && item.has(subset, at: "subset")
    }
}

/// What routes lead to.
struct ProxyClustersCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "clusters",
        abstract: "What a proxy's routes lead to",
        aliases: ["cluster", "c"]
    )
    static let page = "clusters"
    static let kind = "ProxyCluster"

    @OptionGroup var proxy: ProxyArgument
    @OptionGroup var filter: ClusterFilter
    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool { filter.accepts(item) }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(
            titles: ["SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "TLS", "ENDPOINTS"]
        )
        for item in items {
            table.add([
                item.cell("host"), item.cell("port"), item.cell("subset"), item.cell("direction"),
                item.cell("type"), item["tls"]?.cell("mode") ?? "-", item.cell("endpoints"),
            ])
        }
        return table
    }
}

/// Where requests go in the end.
struct ProxyEndpointsCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "The endpoints of a proxy's clusters, and how they stand",
        aliases: ["endpoint", "ep"]
    )
    static let page = "endpoints"
    static let kind = "ProxyEndpoint"

    @OptionGroup var proxy: ProxyArgument
    @OptionGroup var filter: ClusterFilter

    @Option(help: ArgumentHelp("Those with this address, with or without its port", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("Those of this cluster: outbound|80|v1|HOST", valueName: "name"))
    var cluster: String?

    enum Status: String, ExpressibleByArgument, CaseIterable { case healthy, unhealthy }

    @Option(help: ArgumentHelp("Those that stand so", valueName: "status"))
    var status: Status?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool {
        let endpoint = item.cell("endpoint")
        return filter.accepts(item) && item.has(cluster, at: "cluster")
            && item.has(status?.rawValue.uppercased(), at: "status")
            && (address.map { endpoint == $0 || endpoint.hasPrefix("\($0):") } ?? true)
    }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(titles: ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"])
        for item in items {
            table.add(["endpoint", "status", "outlierCheck", "cluster"].map(item.cell))
        }
        return table
    }
}
