// SPDX-License-Identifier: Apache-2.0

/// An Istio Gateway: ports that the proxy listens on for traffic from outside.
package struct Gateway: Sendable {
    package struct Server: Sendable {
        package var port: Int
        package var portName: String
        package var `protocol`: String
        /// As written: `bookinfo.com`, `*.com`, `ns/host`, `./host`, `*/host`.
        package var hosts: [String]
        package var bind: String?
        package var tls: ServerTLS?

        package var httpsRedirect: Bool { tls?.httpsRedirect ?? false }

        /// Whether the server speaks plain HTTP.
        package var isPlainHTTP: Bool {
            ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"].contains(self.protocol.uppercased())
        }

        /// Whether connections are passed on as they are.
        package var isPlainTCP: Bool {
            tls == nil && ["TCP", "MONGO", "MYSQL", "REDIS"].contains(self.protocol.uppercased())
        }

        /// Whether clients begin with TLS, which the proxy ends, or passes on by the name that they ask for.
        package var isTLS: Bool {
            guard let tls, tls.mode.terminates || tls.mode == .passthrough else { return false }
            return ["HTTPS", "TLS"].contains(self.protocol.uppercased())
        }

        /// Whether requests are read once TLS has ended, rather than bytes passed on.
        package var isHTTPS: Bool {
            isTLS && tls?.mode != .passthrough && self.protocol.uppercased() == "HTTPS"
        }
    }

    package var selector: [String: String]
    package var servers: [Server]
    @Rare package var topology: GatewayTopology?

    init(_ body: Node) {
        let spec = body["spec"]
        selector = spec?["selector"]?.stringMap ?? [:]
        servers = (spec?["servers"]?.items ?? []).compactMap(Server.init)
        let config = body["metadata"]?["annotations"]?[GatewayTopology.annotation]?.string
        topology = config.flatMap { try? GatewayTopology.read($0) }
    }
}

extension Gateway.Server {
    package init?(_ server: Node) {
        guard let number = server["port"]?["number"]?.integer else { return nil }
        port = Int(number)
        portName = server["port"]?["name"]?.string ?? ""
        `protocol` = server["port"]?["protocol"]?.string ?? ""
        hosts = server["hosts"]?.strings ?? []
        bind = server["bind"]?.string
        tls = server["tls"].map(ServerTLS.init)
    }
}
