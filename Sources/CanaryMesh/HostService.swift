// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What stands behind a host: a Kubernetes Service, or one or more ServiceEntries.
package struct HostService: Sendable {
    package struct Port: Hashable, Sendable {
        package var number: Int
        /// Empty for an unnamed one.
        package var name: String
        package var target: PortReference
        /// Whether connections to it are passed on as they are: its name or protocol says that it speaks something else
        /// than HTTP. Istio calls an unknown or missing one HTTP where it looks so.
        package var isOpaque = false
        /// Whether its name or protocol says that it speaks HTTP/2, which includes gRPC.
        package var isHTTP2 = false

        /// Whether its name or protocol says that clients begin with TLS.
        package var isTLS = false

        private static let tlsProtocols: Set = ["tls", "https"]

        static func isTLS(_ word: some StringProtocol) -> Bool {
            tlsProtocols.contains(word.split(separator: "-").first.map { $0.lowercased() } ?? "")
        }

        private static let http2Protocols: Set = ["http2", "grpc", "kubernetes.io/h2c"]

        static func isHTTP2(_ word: some StringProtocol) -> Bool {
            http2Protocols.contains(word.split(separator: "-").first.map { $0.lowercased() } ?? "")
        }

        private static let opaqueProtocols: Set = ["tcp", "tls", "https", "mongo", "mysql", "redis"]

        /// Whether a protocol, or the first part of a port's name, is one of those.
        static func isOpaque(_ word: some StringProtocol) -> Bool {
            opaqueProtocols.contains(word.split(separator: "-").first.map { $0.lowercased() } ?? "")
        }
    }

    /// The full name; for a host that a wildcard ServiceEntry covers, the host itself.
    package var host: String
    package var name: String
    package var namespace: String
    package var ports: [Port]
    /// Labels of the workloads behind it; empty where nothing is selected.
    package var selector: [String: String]
    package var entries: [Resource]
    /// Of the Service, or of the oldest ServiceEntry; `nil` for manifests alone.
    package var uid: String?
    /// Whether proxies check its endpoints of their own.
    package var isChecked = false

    /// One of which the certificates of its servers must have, where a DestinationRule names none; of ServiceEntries alone.
    package var subjectAltNames: [String] { entries.flatMap { $0.serviceEntry?.subjectAltNames ?? [] } }

    package func port(_ number: Int) -> Port? { ports.first { $0.number == number } }
}

extension ClusterSnapshot {
    /// The Service or ServiceEntry of a full name, as far as `namespace` can see it; `nil` where nobody defines it.
    package func service(for host: String, namespace: String) -> HostService? {
        if let (name, owner) = HostName.service(of: host),
            let object = resource(ResourceKey(.service, namespace: owner, name: name)),
            let service = object.service, object.isServiceVisible(in: namespace)
        {
            return HostService(
                host: host,
                name: name,
                namespace: owner,
                ports: service.ports.filter(\.isStream).map {
                    HostService.Port(
                        number: $0.port,
                        name: $0.name,
                        target: $0.targetPort,
                        isOpaque: HostService.Port.isOpaque($0.appProtocol ?? $0.name),
                        isHTTP2: HostService.Port.isHTTP2($0.appProtocol ?? $0.name),
                        isTLS: HostService.Port.isTLS($0.appProtocol ?? $0.name)
                    )
                },
                selector: service.selector,
                entries: [],
                uid: object.stored?.uid,
                isChecked: object.metadata.annotations[HealthCheckPolicy.annotation] != nil
            )
        }
        for pattern in names(covering: host, of: .serviceEntry) {
            let entries = serviceEntries(of: pattern).filter { resource in
                guard let entry = resource.serviceEntry else { return false }
                return Visibility.isExported(entry.exportTo, from: resource.namespace, to: namespace)
            }
            if !entries.isEmpty { return HostService(host: host, entries) }
        }
        return nil
    }
}

extension Resource {
    private static let exportAnnotation = "networking.istio.io/exportTo"

    /// Whether a Service can be seen from a namespace: everywhere, unless Istio's annotation says otherwise.
    fileprivate func isServiceVisible(in namespace: String) -> Bool {
        guard let text = metadata.annotations[Self.exportAnnotation] else { return true }
        let exportTo = text.split(separator: ",").map { $0.filter { $0 != " " } }
        return Visibility.isExported(exportTo.map { String($0) }, from: self.namespace, to: namespace)
    }
}

extension HostService {
    /// Several entries of one host count as one, with the ports of all.
    fileprivate init?(host: String, _ entries: [Resource]) {
        guard let first = entries.first else { return nil }
        self.init(
            host: host,
            name: host,
            namespace: first.namespace,
            ports: [],
            selector: first.serviceEntry?.workloadSelector ?? [:],
            entries: entries,
            uid: first.stored?.uid
        )
        for port in entries.flatMap({ $0.serviceEntry?.ports ?? [] }) where self.port(port.number) == nil {
            ports.append(
                Port(
                    number: port.number,
                    name: port.name,
                    target: .number(port.targetPort ?? port.number),
                    isOpaque: Port.isOpaque(port.protocol),
                    isHTTP2: Port.isHTTP2(port.protocol),
                    isTLS: Port.isTLS(port.protocol)
                )
            )
        }
    }
}
