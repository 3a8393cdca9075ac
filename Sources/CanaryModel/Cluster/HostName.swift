// SPDX-License-Identifier: Apache-2.0

/// How names of hosts become full names, and which patterns cover them (Istio's `ResolveShortnameToFQDN` and
/// `host.Name`).
package enum HostName {
    package static let clusterDomain = "cluster.local"

    /// A name without any dot belongs to the namespace of the object that uses it; any other name is taken as it is,
    /// so `reviews.prod` stays `reviews.prod`. Names are compared in lower case.
    package static func resolve(_ name: String, namespace: String) -> String {
        let name = name.lowercased()
        guard !name.isEmpty, name != "*", !name.contains("."), !name.contains(":") else { return name }
        return service(name, namespace: namespace)
    }

    /// The full name of a Kubernetes Service.
    package static func service(_ name: String, namespace: String) -> String {
        "\(name).\(namespace).svc.\(clusterDomain)"
    }

    /// The Service that a full name stands for: `helloworld.default.svc.cluster.local` gives `helloworld` in `default`.
    package static func service(of host: String) -> (name: String, namespace: String)? {
        let suffix = ".svc.\(clusterDomain)"
        guard host.hasSuffix(suffix) else { return nil }
        let labels = host.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 2, !labels[0].isEmpty, !labels[1].isEmpty else { return nil }
        return (String(labels[0]), String(labels[1]))
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

    package static func isWildcard(_ host: String) -> Bool { host.hasPrefix("*") }

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
        var rest = host[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[dot...]
            patterns.append("*\(rest)")
            rest = rest.dropFirst()
        }
        if host != "*" { patterns.append("*") }
        return patterns
    }
}
