// SPDX-License-Identifier: Apache-2.0

/// Where something runs: `region/zone/subzone`, of which the later parts may be missing.
package struct Locality: Hashable, Sendable {
    package var region = ""
    package var zone = ""
    package var subzone = ""

    package static let regionLabel = "topology.kubernetes.io/region"
    package static let zoneLabel = "topology.kubernetes.io/zone"
    package static let subzoneLabel = "topology.istio.io/subzone"
    /// With dots in place of slashes where it has no slash.
    package static let istioLabel = "istio-locality"

    package init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(
            String.init
        )
        region = parts.first ?? ""
        zone = parts.count > 1 ? parts[1] : ""
        subzone = parts.count > 2 ? parts[2] : ""
    }

    /// What labels say, Istio's own first.
    package init(labels: [String: String]) {
        if let text = labels[Self.istioLabel], !text.isEmpty {
            let hasSlash = text.utf8.contains(UInt8(ascii: "/"))
            self.init(hasSlash ? text : String(text.map { $0 == "." ? "/" : $0 }))
        } else {
            self.init("")
            region = labels[Self.regionLabel] ?? ""
            zone = labels[Self.zoneLabel] ?? ""
            subzone = labels[Self.subzoneLabel] ?? ""
        }
    }

    package var isEmpty: Bool { region.isEmpty && zone.isEmpty && subzone.isEmpty }

    /// Whether a pattern (`region/*`, `region/zone`, `*`) covers the locality: istiod's `LocalityMatch`.
    package func matches(_ pattern: String) -> Bool {
        let pattern = Locality(pattern)
        func covers(_ wanted: String, _ own: String) -> Bool {
            wanted == "*" || wanted.isEmpty || wanted == own
        }
        if pattern.region == "*" { return true }
        guard pattern.region == region else { return false }
        if pattern.zone == "*" || pattern.zone.isEmpty { return true }
        return pattern.zone == zone && covers(pattern.subzone, subzone)
    }
}

/// A balancer's `localityLbSetting`.
package struct LocalityPolicy: Hashable, Sendable {
    package struct Distribute: Hashable, Sendable {
        /// The pattern of the clients' localities.
        package var from: String
        /// Percentages by patterns of the endpoints' localities.
        package var to: [String: Int]
    }

    package struct Failover: Hashable, Sendable {
        /// Regions.
        package var from: String
        package var to: String
    }

    package var isEnabled: Bool
    package var distribute: [Distribute]
    package var failover: [Failover]
    /// Names of labels, or `name=value`; endpoints that agree with the client in more of the first ones come first.
    package var failoverPriority: [String]

    /// Istio's where a policy says nothing.
    package static let standard = LocalityPolicy(Node.mapping([:]))

    init(_ node: Node) {
        isEnabled = node["enabled"]?.bool ?? true
        distribute = (node["distribute"]?.items ?? []).map { item in
            let entries = item["to"]?.mapping?.entries ?? []
            let shares = entries.map { ($0.key, $0.value.integer.map { Int(min(max($0, 0), 100)) } ?? 0) }
            return Distribute(
                from: item["from"]?.string ?? "",
                to: Dictionary(shares) { _, last in last }
            )
        }
        failover = (node["failover"]?.items ?? []).map {
            Failover(from: $0["from"]?.string ?? "", to: $0["to"]?.string ?? "")
        }
        failoverPriority = node["failoverPriority"]?.strings ?? []
    }
}
