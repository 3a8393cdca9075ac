// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Translates what is sent on: `envoy.config.route.v3.RouteAction`.
struct EnvoyForwarding {
    let route: RouteRecord
    /// `nil` for a host without VirtualService.
    let effective: EffectiveRoute?
    /// The port that the request addressed.
    let port: Int32
    let clusters: EnvoyClusters
    let warn: (String) -> Void

    /// `nil` where nothing can get the request, because all weights are 0.
    var node: Node? {
        guard !route.destinations.isEmpty else { return nil }
        var node = Node.message([:])
        addDestinations(to: &node)
        node.set(EnvoyText.node(route.rewrite.uri.text, "rewrite", warn), at: "prefix_rewrite")
        if let rewrite = effective?.route.rewrite?.regex {
            node.set(regexRewrite(rewrite), at: "regex_rewrite")
        }
        node.set(.duration(milliseconds: route.timeoutMilliseconds), at: "timeout")
        node.set(retryPolicy, at: "retry_policy")
        node.set(.repeated(mirrors), at: "request_mirror_policies")
        return node
    }

    /// A retry avoids the endpoints that were tried, but for one that a hash chose.
    private var retryPolicy: Node? {
        let clusters = route.destinations.flatMap { $0.clusters }
        let isHashed = clusters.contains { $0.balancing == .hash }
        return EnvoyRetry(policy: route.retry, retries: effective?.route.retries, isHashed: isHashed).node
    }

    // MARK: - Destinations

    private func addDestinations(to node: inout Node) {
        let handles = route.destinations.indices.map {
            DestinationHandle(route.destinations.pointer($0), port: port)
        }
        if let first = handles.first, effective?.route.destinations.count ?? 1 == 1 {
            node.set(.string(clusters.name(of: first, port: port)), at: "cluster")
            node.set(authority(first.record.pointee.authority.text), at: "host_rewrite_literal")
        } else {
            // A destination's own authority goes to its cluster, so that the route's headers can name it.
            let own = effective.flatMap { RouteCompiler.authority(of: $0.route) } ?? ""
            node.set(authority(own), at: "host_rewrite_literal")
            var weighted = Node.message(["clusters": .sequence(handles.map(weighted))])
            if route.sticky.source != .none { weighted.set(.bool(true), at: "use_hash_policy") }
            node.set(weighted, at: "weighted_clusters")
        }
        node.set(.repeated(hashPolicies(handles)), at: "hash_policy")
    }

    private func weighted(_ destination: DestinationHandle) -> Node {
        var node = Node.message([
            "name": .string(clusters.name(of: destination, port: port)),
            "weight": .integer(weight(destination.record.pointee.weight)),
        ])
        let index = clusters.counter(of: destination)?.position ?? -1
        if let destinations = effective?.route.destinations, destinations.indices.contains(index) {
            let headers = destinations[index].headers
            let own = HeaderCompiler.authority(headers.request) ?? ""
            node.set(authority(own), at: "host_rewrite_literal")
            EnvoyHeaders(warn: warn).add([headers], to: &node)
        }
        return node
    }

    private func authority(_ text: String) -> Node? { EnvoyText.node(text, "new authority", warn) }

    private func weight(_ weight: UInt64) -> Int64 {
        EnvoyClusters.weight(weight, of: route.totalWeight, count: route.destinations.count, warn)
    }

    // MARK: - Sticky traffic

    private func hashPolicies(_ destinations: [DestinationHandle]) -> [Node] {
        var keys = [route.sticky].filter { $0.source != .none && !$0.isNameless }
        for destination in destinations {
            guard let key = destination.cluster?.pointee.hashKey, key.source != .none, !key.isNameless,
                !keys.contains(where: { $0.isSame(as: key) })
            else { continue }
            // Envoy mixes all keys into one hash: another key would move users to other versions.
            guard route.sticky.source == .none else {
                warn("Envoy chooses version and endpoint by one key: the destination's other key is left out")
                continue
            }
            keys.append(key)
        }
        return keys.map(Self.hashPolicy)
    }

    private static func hashPolicy(_ key: HashKeyRecord) -> Node {
        let name = Node.string(key.name.text)
        switch key.source {
        case .header: return .message(["header": .message(["header_name": name])])
        case .queryParameter: return .message(["query_parameter": .message(["name": name])])
        case .none, .sourceAddress:
            return .message(["connection_properties": .message(["source_ip": .bool(true)])])
        case .cookie:
            let ttl = key.ttlMilliseconds
            let cookie = Node.message([
                "name": name,
                "ttl": ttl < 0 ? nil : .duration(milliseconds: ttl),
                "path": key.path.isEmpty ? nil : .string(key.path.text),
            ])
            return .message(["cookie": cookie])
        }
    }

    // MARK: - Rewrites and mirrors

    /// A group that the pattern lacks stands for nothing; Envoy would refuse the configuration.
    private func regexRewrite(_ rewrite: HTTPRewrite.Regex) -> Node? {
        guard let pattern = try? RegularExpression(rewrite.match) else { return nil }
        var substitution = ""
        var characters = rewrite.rewrite.makeIterator()
        while let character = characters.next() {
            guard character == "\\" else {
                substitution.append(character)
                continue
            }
            guard let next = characters.next() else {
                warn("the rewrite \"\(rewrite.rewrite)\" ends with a backslash, which Envoy gets doubled")
                substitution += #"\\"#
                break
            }
            if let group = next.wholeNumberValue {
                if group <= pattern.groupCount { substitution += "\\\(group)" }
            } else {
                substitution += next == "\\" ? #"\\"# : String(next)
            }
        }
        guard !substitution.isEmpty else { return .message(["pattern": .regex(rewrite.match)]) }
        return EnvoyText.node(substitution, "rewrite", warn).map {
            .message(["pattern": .regex(rewrite.match), "substitution": $0])
        }
    }

    private var mirrors: [Node] {
        guard let effective else { return [] }
        return effective.route.effectiveMirrors.map { mirror in
            let destination = mirror.destination
            let name = clusters.name(
                of: effective.resolve(destination),
                subset: destination.subset,
                ownPort: destination.port,
                port: port
            )
            return .message([
                "cluster": .string(name),
                "runtime_fraction": .message(["default_value": .fraction(mirror.percentage)]),
            ])
        }
    }
}

extension HashKeyRecord {
    /// Nothing has an empty name: such a key is missing in every request.
    fileprivate var isNameless: Bool { source != .sourceAddress && name.isEmpty }

    fileprivate func isSame(as other: HashKeyRecord) -> Bool {
        source == other.source && name.equals(other.name)
    }
}
