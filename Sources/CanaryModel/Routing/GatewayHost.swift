// SPDX-License-Identifier: Apache-2.0

/// A host as a Gateway's server writes it: `host`, `namespace/host`, `./host`, `*/host`.
struct GatewayHost {
    /// `nil` where VirtualServices of every namespace may use it.
    let namespace: String?
    let pattern: String

    init(_ written: String, gatewayNamespace: String) {
        guard let slash = written.firstIndex(of: "/") else {
            (namespace, pattern) = (nil, written.lowercased())
            return
        }
        let owner = String(written[..<slash])
        pattern = written[written.index(after: slash)...].lowercased()
        namespace = owner == "*" ? nil : owner == "." ? gatewayNamespace : owner
    }

    /// One spelling for what means the same.
    var text: String { namespace.map { "\($0)/\(pattern)" } ?? pattern }

    /// Whether a VirtualService's host can be reached here: one of both patterns covers the other.
    func admits(_ host: String, from namespace: String) -> Bool {
        guard self.namespace == nil || self.namespace == namespace else { return false }
        let host = host.lowercased()
        return pattern == host || HostName.pattern(pattern, covers: host)
            || HostName.pattern(host, covers: pattern)
    }
}
