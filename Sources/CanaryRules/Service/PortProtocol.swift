// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How Istio finds out what a Service's port speaks (`pkg/config/kube`): by `appProtocol`, else by the name up to its first
/// dash, else by the number for a few well-known ones.
enum PortProtocol {
    private static let names: Set<String> = [
        "grpc", "hbone", "http", "http2", "http_proxy", "https", "mongo", "mysql", "redis", "tcp", "tls",
        "udp",
        "kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss",
    ]
    /// SMTP, DNS, MySQL and MongoDB, which wait for the server to speak first.
    private static let wellKnown: Set<Int64> = [25, 53, 3306, 27017]
    private static let systemNamespaces: Set<String> = [
        "kube-system", "kube-public", "kube-node-lease", "local-path-storage", "istio-system",
    ]

    static func isUnknown(_ port: Located) -> Bool {
        guard port["protocol"]?.string != "UDP" else { return false }
        let text = (port["appProtocol"]?.string ?? port["name"]?.string ?? "").lowercased()
        let name = names.contains(text) ? text : String(text.prefix { $0 != "-" })
        return !names.contains(name) && !wellKnown.contains(port["port"]?.integer ?? 0)
    }

    private static let http: Set<String> = [
        "grpc", "grpc-web", "http", "http2", "http_proxy", "kubernetes.io/h2c", "kubernetes.io/ws",
        "kubernetes.io/wss",
    ]

    /// Whether Istio neither takes a port for HTTP nor looks at what is spoken there.
    static func isOpaque(_ port: Located) -> Bool {
        guard !isUnknown(port) else { return false }
        let text = (port["appProtocol"]?.string ?? port["name"]?.string ?? "").lowercased()
        return !http.contains(text) && !http.contains(String(text.prefix { $0 != "-" }))
    }

    /// The same of a port of a ServiceEntry, by its `protocol`; Istio looks at what is spoken where it knows none.
    static func isOpaque(_ port: ServiceEntry.Port) -> Bool {
        let text = port.protocol.lowercased()
        return names.contains(text) && !http.contains(text)
    }

    /// Whether a Service belongs to Kubernetes or Istio itself.
    static func isExempt(_ service: Resource) -> Bool {
        systemNamespaces.contains(service.namespace) || service.metadata.labels["release"] == "istio"
    }
}
