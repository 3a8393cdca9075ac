// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Who is connected.
struct ProxyConnectionsCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "connections",
        abstract: "The clients that are connected to a proxy",
        aliases: ["connection"]
    )
    static let page = "connections"
    static let kind = "ProxyConnection"

    @OptionGroup var proxy: ProxyArgument

    @Option(help: ArgumentHelp("Those of this client, with or without its port", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("Those at the listener with this port", valueName: "port"))
    var port: Int?

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool {
        let client = item.cell("client")
        return (address.map { client == $0 || client.hasPrefix("\($0):") } ?? true)
            && (port.map { item.cell("listener").hasSuffix(":\($0)") } ?? true)
    }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(
            titles: [
                "CLIENT", "LISTENER", "PROTOCOL", "TLS", "ALPN", "STATE", "AGE", "REQUESTS", "STREAMS",
                "RECEIVED", "SENT",
            ]
        )
        for item in items {
            table.add([
                item.cell("client"), item.cell("listener"), item.cell("protocol"),
                item["tls"]?.cell("version") ?? "-", item["tls"]?.cell("alpn") ?? "-", item.cell("state"),
                TimeText.age(from: 0, to: item["ageMilliseconds"]?.integer ?? 0), item.cell("requests"),
                item.cell("streams"), item.cell("bytesReceived"), item.cell("bytesSent"),
            ])
        }
        return table
    }
}

/// Which certificates are in use.
struct ProxySecretCommand: ProxyConfigSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "The certificates that a proxy uses, and until when",
        aliases: ["secrets", "s"]
    )
    static let page = "secrets"
    static let kind = "ProxyCertificate"

    @OptionGroup var proxy: ProxyArgument
    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func accepts(_ item: Node) -> Bool { true }

    func table(of items: [Node], now: Int64) -> Table {
        var table = Table(
            titles: [
                "RESOURCE NAME", "TYPE", "STATUS", "VALID CERT", "SERIAL NUMBER", "NOT AFTER", "NOT BEFORE",
                "SUBJECT", "ISSUER",
            ]
        )
        let today = CalendarTime(milliseconds: now).text
        for item in items {
            table.add([
                item.cell("name"), item.cell("type"), item.cell("status"), Self.validity(of: item, today),
                item.cell("serialNumber"), item.cell("notAfter"), item.cell("notBefore"),
                item.cell("subject"), item.cell("issuer"),
            ])
        }
        return table
    }

    /// Times of this form are in the order of their texts.
    private static func validity(of item: Node, _ now: String) -> String {
        guard let start = item["notBefore"]?.string, let end = item["notAfter"]?.string else { return "-" }
        return start <= now && now <= end ? "true" : "false"
    }

    func warning(of item: Node) -> String? {
        item["problem"]?.string.map(TerminalText.escape)
    }
}
