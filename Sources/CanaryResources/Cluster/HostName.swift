// SPDX-License-Identifier: Apache-2.0

/// How names of hosts become full names, and which patterns cover them (Istio's `ResolveShortnameToFQDN` and
/// `host.Name`).
package enum HostName {
    package static let clusterDomain = "cluster.local"

    /// A name without any dot belongs to the namespace of the object that uses it; any other name is taken as it is,
    /// so `reviews.prod` stays `reviews.prod`. Names are compared in lower case.
    package static func resolve(_ name: String, namespace: String) -> String {
        let name = name.lowercased()
        let isWhole = name.utf8.contains { $0 == dot || $0 == UInt8(ascii: ":") }
        guard !name.isEmpty, name != "*", !isWhole else { return name }
        return service(name, namespace: namespace)
    }

    // Hosts are looked at byte by byte: characters take ten times as long, and the dots are the same.
    private static let dot = UInt8(ascii: ".")
    private static let serviceSuffix = ".svc.\(clusterDomain)"

    /// The full name of a Kubernetes Service.
    package static func service(_ name: String, namespace: String) -> String {
        "\(name).\(namespace)\(serviceSuffix)"
    }

    /// The Service that a full name stands for: `helloworld.default.svc.cluster.local` gives `helloworld` in `default`.
    package static func service(of host: String) -> (name: String, namespace: String)? {
        guard host.hasSuffix(serviceSuffix) else { return nil }
        let bytes = host.utf8.dropLast(serviceSuffix.utf8.count)
        guard let end = bytes.firstIndex(of: dot), end > bytes.startIndex else { return nil }
        let namespace = bytes[end...].dropFirst()
        guard !namespace.isEmpty, !namespace.contains(dot) else { return nil }
        return (String(Substring(bytes[..<end])), String(Substring(namespace)))
    }

    /// What people type for a host on the command line: `helloworld`, `helloworld.shop`, `helloworld.shop.svc`, or any
    /// full name.
    package static func fromUser(_ text: String, namespace: String) -> String {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 3, labels[2] == "svc" {
            return service(String(labels[0]), namespace: String(labels[1]))
        }
        return resolve(name, namespace: namespace)
    }

    /// The shortest name that is still clear: `helloworld.default` for a Service, else the host itself.
    package static func short(_ host: String) -> String {
        service(of: host).map { "\($0.name).\($0.namespace)" } ?? host
    }

    /// A host as a command takes it: the shortest name that means it.
    ///
    /// - Parameter home: the namespace of commands without `-n`; `nil` where none may be counted on.
    package static func inCommands(_ host: String, home: String?) -> String {
        guard let (name, namespace) = service(of: host) else { return host }
        return namespace == home ? name : "\(name).\(namespace)"
    }

    package static func isWildcard(_ host: String) -> Bool { host.hasPrefix("*") }

    /// No wildcard, or one that begins at a label, so that ``patterns(covering:)`` of what it covers lists it.
    package static func isRegular(_ host: String) -> Bool {
        !isWildcard(host) || host == "*" || host.hasPrefix("*.")
    }

    /// Whether a pattern (`*`, `*.foo.com`, or a plain name) covers a host. A wildcard needs at least one character more
    /// than its suffix.
    package static func pattern(_ pattern: String, covers host: String) -> Bool {
        guard isWildcard(pattern) else { return pattern == host }
        let suffix = pattern.dropFirst()
        return host.utf8.count > suffix.utf8.count && host.hasSuffix(suffix)
    }

    /// The patterns that could cover a host, the most specific first: the host itself, `*.b.c`, `*.c`, `*`.
    package static func patterns(covering host: String) -> [String] {
        var patterns = [host]
        for index in host.utf8.indices where host.utf8[index] == dot { patterns.append("*" + host[index...]) }
        if host != "*" { patterns.append("*") }
        return patterns
    }
}
