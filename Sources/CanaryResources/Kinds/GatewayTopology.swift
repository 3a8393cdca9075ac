// SPDX-License-Identifier: Apache-2.0

/// What stands in front of a Gateway, as Istio's `ProxyConfig` says it in an annotation.
package struct GatewayTopology: Sendable {
    /// Whether clients are proxies that say in a PROXY header whose connection each is.
    package var expectsProxyHeader: Bool

    package static let annotation = "proxy.istio.io/config"

    /// Reads the annotation, which is JSON here; `nil` where it says nothing of this.
    ///
    /// - Throws: what is wrong with the JSON.
    package static func read(_ text: String) throws(JSONError) -> GatewayTopology? {
        try JSONReader.read(text)["gatewayTopology"].map(GatewayTopology.init)
    }

    private init(_ node: Node) {
        expectsProxyHeader = node["proxyProtocol"] != nil
    }
}
