// SPDX-License-Identifier: Apache-2.0

/// Kubernetes Endpoints: the addresses behind the Service of the same name.
package struct Endpoints: Sendable {
    package struct Port: Sendable {
        package var name: String
        package var port: Int
    }

    package struct Subset: Sendable {
        package var ready: [String]
        package var notReady: [String]
        package var ports: [Port]
        /// The pods behind the addresses, where `targetRef` names them.
        package var pods: [String: String]
    }

    package var subsets: [Subset]

    init(_ body: Node) {
        subsets = (body["subsets"]?.items ?? []).map { subset in
            Subset(
                ready: subset["addresses"]?.items.compactMap { $0["ip"]?.string } ?? [],
                notReady: subset["notReadyAddresses"]?.items.compactMap { $0["ip"]?.string } ?? [],
                ports: subset["ports"]?.items.compactMap(Port.init) ?? [],
                pods: Self.pods(subset)
            )
        }
    }

    private static func pods(_ subset: Node) -> [String: String] {
        var pods: [String: String] = [:]
        for list in ["addresses", "notReadyAddresses"] {
            for address in subset[list]?.items ?? [] {
                guard let ip = address["ip"]?.string, address["targetRef"]?["kind"]?.string == "Pod" else {
                    continue
                }
                pods[ip] = address["targetRef"]?["name"]?.string
            }
        }
        return pods
    }
}

extension Endpoints.Port {
    init?(_ node: Node) {
        guard let port = node["port"]?.integer else { return nil }
        name = node["name"]?.string ?? ""
        self.port = Int(port)
    }
}

/// A Kubernetes EndpointSlice: a part of the addresses behind the Service that its label names.
package struct EndpointSlice: Sendable {
    package struct Endpoint: Sendable {
        package var addresses: [String]
        /// An unknown readiness counts as ready, as Kubernetes asks of consumers.
        package var ready: Bool
        /// The pod behind it, where `targetRef` names one.
        package var pod: String?
    }

    package static let serviceNameLabel = "kubernetes.io/service-name"

    package var endpoints: [Endpoint]
    package var ports: [Endpoints.Port]

    init(_ body: Node) {
        endpoints = (body["endpoints"]?.items ?? []).map { endpoint in
            Endpoint(
                addresses: endpoint["addresses"]?.strings ?? [],
                ready: endpoint["conditions"]?["ready"]?.bool ?? true,
                pod: endpoint["targetRef"]?["kind"]?.string == "Pod"
                    ? endpoint["targetRef"]?["name"]?.string : nil
            )
        }
        ports = body["ports"]?.items.compactMap(Endpoints.Port.init) ?? []
    }
}

/// An Istio WorkloadEntry: one endpoint that something else runs.
package struct WorkloadEntry: Sendable {
    package var address: String?
    /// Port numbers by the Service's target port name, else port name.
    package var ports: [String: Int]
    package var labels: [String: String]
    /// Relative weight among the endpoints of a subset; nil is 1.
    package var weight: Int?
    /// As given, else as the labels say.
    package var locality: Locality

    init(_ body: Node) {
        self.init(fields: body["spec"])
    }

    /// Reads the fields of a `spec`, or of one of a ServiceEntry's `endpoints`.
    init(fields: Node?) {
        address = fields?["address"]?.string
        labels = fields?["labels"]?.stringMap ?? [:]
        weight = fields?["weight"]?.integer.map { Int($0) }
        let place = fields?["locality"]?.string ?? ""
        locality = place.isEmpty ? Locality(labels: labels) : Locality(place)
        ports = [:]
        for entry in fields?["ports"]?.mapping?.entries ?? [] {
            if let port = entry.value.integer { ports[entry.key] = Int(port) }
        }
    }
}

/// An Istio ServiceEntry: hosts outside of Kubernetes' own registry.
package struct ServiceEntry: Sendable {
    package enum Resolution: String, Sendable {
        case none = "NONE"
        case `static` = "STATIC"
        case dns = "DNS"
        case dnsRoundRobin = "DNS_ROUND_ROBIN"
        case dynamicDNS = "DYNAMIC_DNS"
    }

    package struct Port: Sendable {
        package var name: String
        package var number: Int
        package var `protocol`: String
        package var targetPort: Int?
    }

    package var hosts: [String]
    package var addresses: [String]
    package var ports: [Port]
    package var resolution: Resolution
    package var endpoints: [WorkloadEntry]
    /// Selects WorkloadEntries and pods of the same namespace.
    package var workloadSelector: [String: String]?
    /// One of which the certificates of its servers must have; `nil` for none in particular.
    @Rare package var subjectAltNames: [String]?
    package var exportTo: [String]

    init(_ body: Node) {
        let spec = body["spec"]
        subjectAltNames = spec?["subjectAltNames"]?.strings
        hosts = spec?["hosts"]?.strings ?? []
        addresses = spec?["addresses"]?.strings ?? []
        resolution = spec?["resolution"]?.string.flatMap(Resolution.init) ?? .none
        endpoints = spec?["endpoints"]?.items.map { WorkloadEntry(fields: $0) } ?? []
        workloadSelector = spec?["workloadSelector"].map { $0["labels"]?.stringMap ?? [:] }
        exportTo = spec?["exportTo"]?.strings ?? []
        ports = (spec?["ports"]?.items ?? []).compactMap { port in
            guard let number = port["number"]?.integer else { return nil }
            return Port(
                name: port["name"]?.string ?? "",
                number: Int(number),
                protocol: port["protocol"]?.string ?? "",
                targetPort: port["targetPort"]?.integer.map { Int($0) }
            )
        }
    }
}
