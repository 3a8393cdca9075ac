// SPDX-License-Identifier: Apache-2.0

/// Where an endpoint is.
package struct EndpointAddress: Hashable, Sendable {
    /// An IPv4 or IPv6 address as text, without brackets, or a host name where ``isName`` is set.
    package var host: String
    package var port: UInt16
    /// Whether the proxy has to resolve the host by DNS (ServiceEntries with resolution DNS).
    package var isName: Bool

    package init(host: String, port: UInt16, isName: Bool = false) {
        self.host = host
        self.port = port
        self.isName = isName
    }

    /// `10.0.0.1:80`, `[::1]:80`.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The same on every machine and after every start, so that all proxies send a user to the same endpoint.
    package var hash: UInt64 {
        var hash = SipHash24(key: SipHash24.Key(k0: 0, k1: 0))
        hash.update(description)
        return hash.finish()
    }
}
