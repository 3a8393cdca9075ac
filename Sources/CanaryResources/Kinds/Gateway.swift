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
        package var hasTLS: Bool
        package var httpsRedirect: Bool

        /// Whether the server speaks plain HTTP.
        package var isPlainHTTP: Bool {
            ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"].contains(self.protocol.uppercased())
        }

        /// Whether connections are passed on as they are. TLS is not among these protocols: its routes go by what the client says
        /// of the name.
        package var isPlainTCP: Bool {
            !hasTLS && ["TCP", "MONGO", "MYSQL", "REDIS"].contains(self.protocol.uppercased())
        }
    }

    package var selector: [String: String]
    package var servers: [Server]

    init(_ body: Node) {
        let spec = body["spec"]
        selector = spec?["selector"]?.stringMap ?? [:]
        servers = (spec?["servers"]?.items ?? []).compactMap(Server.init)
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
        hasTLS = server["tls"] != nil
        httpsRedirect = server["tls"]?["httpsRedirect"]?.bool ?? false
    }
}
