// SPDX-License-Identifier: Apache-2.0

/// What stands in front of a Gateway, as Istio's `ProxyConfig` says it in an annotation.
package struct GatewayTopology: Hashable, Sendable {
    /// What becomes of `x-forwarded-client-cert`.
    package enum Certificates: String, BitwiseCopyable, Sendable, CaseIterable {
        case sanitize = "SANITIZE"
        /// The rest of these tell of clients that have shown a certificate.
        case forwardOnly = "FORWARD_ONLY"
        case appendForward = "APPEND_FORWARD"
        case sanitizeSet = "SANITIZE_SET"
        /// But this one, which believes everybody.
        case alwaysForwardOnly = "ALWAYS_FORWARD_ONLY"
    }

    /// Why an annotation can't be used, in words.
    package struct Problem: Error {
        package var text: String
    }

    /// Whether clients are proxies that say in a PROXY header whose connection each is.
    package var expectsProxyHeader: Bool
    /// How many proxies in front of it are believed; `nil` where that is not said.
    package var trustedProxies: Int32?
    /// `nil` where that is not said.
    package var certificates: Certificates?

    package static let annotation = "proxy.istio.io/config"

    /// Reads the annotation, which is JSON here; `nil` where it says nothing of this.
    package static func read(_ text: String) throws(Problem) -> GatewayTopology? {
        do {
            guard let topology = try JSONReader.read(text)["gatewayTopology"] else { return nil }
            return try GatewayTopology(topology)
        } catch let error as JSONError {
            throw Problem(text: error.message)
        } catch {
            throw error as? Problem ?? Problem(text: "\(error)")
        }
    }

    private init(_ node: Node) throws(Problem) {
        expectsProxyHeader = node["proxyProtocol"] != nil
        if let count = node["numTrustedProxies"] {
            guard let number = count.integer, (0...1000).contains(number) else {
                throw Problem(text: "numTrustedProxies is no number from 0 to 1000")
            }
            trustedProxies = Int32(number)
        }
        guard let details = node["forwardClientCertDetails"], details.string != "UNDEFINED" else { return }
        certificates = details.string.flatMap(Certificates.init)
        guard certificates == nil else { return }
        let known = Certificates.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem(text: "forwardClientCertDetails is none of \(known)")
    }
}
