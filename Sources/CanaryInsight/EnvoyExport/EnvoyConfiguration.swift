// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A routing table as Envoy's configuration: the messages of its API (v3) in their JSON form, apart from how they are delivered.
package struct EnvoyConfiguration: Sendable {
    package struct Listener: Sendable {
        package var name: String
        package var address: Address
        /// What stands in front of it, where that is told.
        var topology: GatewayTopology?
        /// Of which a connection takes the one that fits it closest.
        package var chains: [Chain]
    }

    /// What becomes of some of a listener's connections.
    package struct Chain: Sendable {
        package enum Traffic: Sendable {
            /// Requests, by the name of a route configuration.
            case requests(routes: String)
            /// Bytes, as a `TcpProxy` says.
            case connections(Node)
        }

        /// `nil` for all connections.
        var match: Node?
        package var traffic: Traffic
        /// `nil` where bytes go over the socket as they are.
        var transport: Node?
        /// Whether clients may show certificates, of which upstreams are told.
        var asksForCertificates = false
    }

    /// Something of a Secret's that has to be in a file.
    package struct File: Sendable {
        /// Below the directory of all of them.
        package var path: String
        /// Whose it is, as `namespace/name`.
        package var secret: String
        package var content: KeyMaterial

        package init(path: String, secret: String, content: KeyMaterial) {
            self.path = path
            self.secret = secret
            self.content = content
        }
    }

    package struct Address: Hashable, Sendable {
        /// Without brackets.
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package struct RouteConfiguration: Sendable {
        package var name: String
        package var virtualHosts: [Node]
    }

    package struct Cluster: Sendable {
        package var name: String
        /// All but name, type and endpoints.
        package var settings: Node
        package var endpoints: Node
        /// Whether endpoints are names, which Envoy resolves by DNS.
        package var hasNames: Bool
    }

    /// Where to listen.
    package struct Addresses: Sendable {
        /// For requests of the mesh.
        package var mesh: [Address]
        /// For listeners that Gateways and Services open.
        package var bind: String
        package var admin: Address

        package init(mesh: [Address], bind: String, admin: Address) {
            self.mesh = mesh
            self.bind = bind
            self.admin = admin
        }
    }

    package var listeners: [Listener] = []
    package var routes: [RouteConfiguration] = []
    package var clusters: [Cluster] = []
    package var admin: Address
    /// What of Secrets the configuration names by file.
    package var files: [File] = []
    /// What Envoy can't be told exactly, in sentences; each once.
    package var warnings: [String] = []
}
