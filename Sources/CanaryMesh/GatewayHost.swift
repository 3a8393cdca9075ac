// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A host as a Gateway's server writes it: `host`, `namespace/host`, `./host`, `*/host`.
package struct GatewayHost {
    /// `nil` where VirtualServices of every namespace may use it.
    package let namespace: String?
    package let pattern: String

    package init(_ written: String, gatewayNamespace: String) {
        guard let slash = written.firstIndex(of: "/") else {
            (namespace, pattern) = (nil, written.lowercased())
            return
        }
        let owner = String(written[..<slash])
        pattern = written[written.index(after: slash)...].lowercased()
        namespace = owner == "*" ? nil : owner == "." ? gatewayNamespace : owner
    }

    /// One spelling for what means the same.
    package var text: String { namespace.map { "\($0)/\(pattern)" } ?? pattern }

    /// Whether a VirtualService's host can be reached here: one of both patterns covers the other.
    package func admits(_ host: String, from namespace: String) -> Bool {
        guard self.namespace == nil || self.namespace == namespace else { return false }
        let host = host.lowercased()
        return pattern == host || HostName.pattern(pattern, covers: host)
            || HostName.pattern(host, covers: pattern)
    }
}
