// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Something that the proxy listens on.
package struct ListenerSpec: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Istio's `mesh`: where local clients send requests; its address is the proxy's own choice.
        case mesh
        /// A port of one or more Gateways.
        case gateway
        /// The `nodePort` of a Service of type NodePort or LoadBalancer.
        case nodePort
        /// The `port` of a Service of type LoadBalancer.
        case loadBalancer
    }

    package var kind: Kind
    /// The address that the object asks for (a Gateway server's `bind`), if any.
    package var bind: String?
    /// 0 for `mesh`.
    package var port: Int
    /// Whose port it is; for several Gateways on one port, the oldest; `nil` for `mesh`.
    package var origin: ResourceKey?
    /// The port's name, as the object gives it.
    package var portName: String
    /// The port that requests count as having addressed: the Gateway server's or the Service's; -1 for `mesh`, where
    /// it depends on the authority. It is `listenerPort` of ``VirtualHostHandle/servicePort(authorityPort:listenerPort:)``.
    package var requestPort: Int32
    /// Whether its connections are passed on as they are, instead of being read as HTTP.
    package var isOpaque = false
    /// Whether routes of what is passed on go by the name that a client asks for, if it begins with TLS.
    package var asksForName = false
    /// Whether clients begin with TLS: what its connections come to then depends on the name that they ask for.
    package var isTLS = false
    /// What its Gateway says to be in front of it.
    package var topology: GatewayTopology?

    package init(
        kind: Kind,
        bind: String? = nil,
        port: Int,
        origin: ResourceKey? = nil,
        portName: String,
        requestPort: Int32,
        isOpaque: Bool = false,
        asksForName: Bool = false,
        isTLS: Bool = false,
        topology: GatewayTopology? = nil
    ) {
        self.kind = kind
        self.bind = bind
        self.port = port
        self.origin = origin
        self.portName = portName
        self.requestPort = requestPort
        self.isOpaque = isOpaque
        self.asksForName = asksForName
        self.isTLS = isTLS
        self.topology = topology
    }

    package static let mesh = ListenerSpec(
        kind: .mesh,
        bind: nil,
        port: 0,
        origin: nil,
        portName: "",
        requestPort: -1
    )
}
