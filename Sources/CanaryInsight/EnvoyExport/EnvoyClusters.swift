// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// The clusters that routes name, each once, in the order in which they are first named. Belongs to one thread.
final class EnvoyClusters {
    private(set) var all: [EnvoyConfiguration.Cluster] = []
    private let identifiers: RoutingIdentifiers
    /// What compiles mirrors' destinations; the listener's at hand.
    private var destinations: DestinationCompiler?
    private var namesHere: [String: String] = [:]
    private var positions: [String: Int] = [:]

    private let tls: EnvoyTLS
    private let warn: (String) -> Void

    init(_ identifiers: RoutingIdentifiers, _ tls: EnvoyTLS, warn: @escaping (String) -> Void) {
        self.identifiers = identifiers
        self.tls = tls
        self.warn = warn
    }

    /// Begins with another listener, whose clients may see other endpoints behind the same name.
    func begin(_ destinations: DestinationCompiler) {
        self.destinations = destinations
        namesHere = [:]
    }

    func counter(of destination: DestinationHandle) -> RouteCounter? {
        identifiers.counter(destination.counter)
    }

    /// The name of the cluster that gets a destination's requests. One that nobody defines has a name only: Envoy answers 503.
    func name(of destination: DestinationHandle, port: Int32) -> String {
        let counter = counter(of: destination)
        return name(
            counter?.destinationHost ?? "",
            counter?.subset ?? "",
            destination.cluster?.pointee,
            port: (counter?.port).flatMap { $0 > 0 ? Int32(clamping: $0) : nil } ?? port
        )
    }

    /// The same for a destination that no table holds: a mirror.
    func name(of host: String, subset: String?, ownPort: Int?, port: Int32) -> String {
        guard let destinations else { return "" }
        let resolved = destinations.resolve(host, subset: subset)
        let clusters = destinations.clusters(resolved, port: ownPort, counter: .mirror(host))
        let cluster = clusters.first { clusters.count == 1 && $0.port == 0 || $0.port == port }
        return name(host, subset ?? "", cluster, port: ownPort.map { Int32(clamping: $0) } ?? port)
    }

    private func name(_ host: String, _ subset: String, _ record: ClusterRecord?, port: Int32) -> String {
        let isDefined = record?.isDefined ?? false
        let number = isDefined ? record?.number ?? port : port
        let name = "outbound|\(number)|\(subset)|\(host)"
        if let known = namesHere[name] { return known }
        guard let record, isDefined else {
            namesHere[name] = name
            warn(
                "\(Self.words(host, subset, number)): nobody defines this destination: requests for it get 503"
            )
            return name
        }
        if record.endpoints.isEmpty {
            warn("\(Self.words(host, subset, number)): no endpoint is ready: requests for it get 503")
        }
        var cluster = cluster(record, name: name)
        var count = 1
        while let position = positions[cluster.name], !cluster.isSame(as: all[position]) {
            count += 1
            cluster.name = "\(name)|\(count)"
        }
        if positions[cluster.name] == nil {
            positions[cluster.name] = all.count
            all.append(cluster)
        }
        namesHere[name] = cluster.name
        return cluster.name
    }

    /// `app.default:80, subset "v1"`
    private static func words(_ host: String, _ subset: String, _ port: Int32) -> String {
        "\(HostName.short(host)):\(port)\(subset.isEmpty ? "" : ", subset \"\(subset)\"")"
    }

    // MARK: - One cluster

    private func cluster(_ record: ClusterRecord, name: String) -> EnvoyConfiguration.Cluster {
        let endpoints = record.endpoints.compactMap { endpoint in
            identifiers.endpoint(endpoint.id).map { ($0, endpoint.weight) }
        }
        let socket = record.upstreamTLS.flatMap(tls.socket)
        // Where TLS can't be spoken, nothing may go out.
        let isUsable = record.upstreamTLS == nil || socket != nil
        return EnvoyConfiguration.Cluster(
            name: name,
            settings: .message([
                "connect_timeout": .duration(milliseconds: record.limits.connectTimeoutMilliseconds),
                "lb_policy": .string(Self.policy(record.balancing)),
                "circuit_breakers": .message(["thresholds": .sequence([record.limits.thresholds])]),
                "upstream_connection_options": record.limits.keepAlive.options,
                "outlier_detection": record.outliers.node,
                "common_lb_config": Self.commonBalancing(record),
                "round_robin_lb_config": record.balancing == .roundRobin ? record.warmUp.node : nil,
                "least_request_lb_config": record.balancing == .leastRequest ? record.warmUp.node : nil,
                "typed_extension_protocol_options": Self.protocolOptions(record),
                "transport_socket": record.proxyProtocol.map { $0.socket(around: socket) } ?? socket,
            ]),
            endpoints: isUsable ? localities(record) : .sequence([]),
            hasNames: endpoints.contains { !IPAddress.isValid($0.0.host) }
        )
    }

    private static func policy(_ balancing: EndpointBalancing) -> String {
        switch balancing {
        case .leastRequest: "LEAST_REQUEST"
        case .random: "RANDOM"
        case .roundRobin: "ROUND_ROBIN"
        case .hash: "RING_HASH"
        }
    }

    /// The endpoints by priority and locality. Which localities they are does not matter, as long as they differ.
    private func localities(_ record: ClusterRecord) -> Node {
        let groups = record.groups.isEmpty ? [.whole(record.endpoints.count)] : Array(record.groups)
        return .sequence(
            groups.enumerated().compactMap { number, group in
                let endpoints = group.range.compactMap { index in
                    let endpoint = record.endpoints[index]
                    return identifiers.endpoint(endpoint.id).map { Self.endpoint($0, endpoint.weight) }
                }
                guard let endpoints = Node.repeated(endpoints) else { return nil }
                guard groups.count > 1 else { return .message(["lb_endpoints": endpoints]) }
                return .message([
                    "locality": .message(["sub_zone": .string("\(number)")]),
                    "lb_endpoints": endpoints,
                    "load_balancing_weight": .integer(Int64(group.weight)),
                    "priority": .integer(Int64(group.priority)),
                ])
            }
        )
    }

    /// A weight among others. Envoy takes no more than 32 bits for all of them together.
    static func weight(_ weight: UInt64, of total: UInt64, count: Int, _ warn: (String) -> Void) -> Int64 {
        let most = UInt64(UInt32.max) - UInt64(count)
        guard total > most else { return Int64(weight) }
        warn("the weights are too large for Envoy: it gets smaller ones of the same proportions")
        return Int64(max(1, weight / (total / most + 1)))
    }

    /// When there is panic, and that localities have weights.
    private static func commonBalancing(_ record: ClusterRecord) -> Node? {
        guard record.outliers.isOn || record.groups.count > 1 else { return nil }
        return .message([
            "healthy_panic_threshold": .message(["value": .integer(Int64(record.outliers.minHealthPercent))]),
            "locality_weighted_lb_config": record.groups.count > 1 ? .message([:]) : nil,
        ])
    }

    /// Left out where all is Envoy's default.
    private static func protocolOptions(_ record: ClusterRecord) -> Node? {
        let requests = record.limits.requestsPerConnection
        let lifetime = record.limits.lifetimeMilliseconds
        guard
            record.limits.idleTimeoutMilliseconds != 3_600_000 || requests > 0 || lifetime > 0
                || record.upstreamProtocol != .http1
        else { return nil }
        let type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        let common = Node.message([
            "idle_timeout": .duration(milliseconds: record.limits.idleTimeoutMilliseconds),
            "max_connection_duration": lifetime > 0 ? .duration(milliseconds: lifetime) : nil,
            "max_requests_per_connection": requests > 0 ? .integer(Int64(requests)) : nil,
        ])
        return .message([
            type: .any(
                type,
                [
                    "common_http_protocol_options": common,
                    "explicit_http_config": explicitProtocol(record),
                    "use_downstream_protocol_config": record.upstreamProtocol == .clients
                        ? .message([
                            "http_protocol_options": .message([:]),
                            "http2_protocol_options": http2Options(record),
                        ]) : nil,
                ]
            )
        ])
    }

    private static func explicitProtocol(_ record: ClusterRecord) -> Node? {
        switch record.upstreamProtocol {
        case .http1: .message(["http_protocol_options": .message([:])])
        case .http2: .message(["http2_protocol_options": http2Options(record)])
        case .clients: nil
        }
    }

    private static func http2Options(_ record: ClusterRecord) -> Node {
        let streams = record.limits.streams
        return .message(["max_concurrent_streams": streams == .max ? nil : .integer(Int64(streams))])
    }

    private static func endpoint(_ address: EndpointAddress, _ weight: UInt32) -> Node {
        .message([
            "endpoint": .message(["address": .socketAddress(address.host, Int(address.port))]),
            "load_balancing_weight": weight == 1 ? nil : .integer(Int64(weight)),
        ])
    }
}

extension EnvoyConfiguration.Cluster {
    fileprivate func isSame(as other: Self) -> Bool {
        settings == other.settings && endpoints == other.endpoints
    }
}

extension RouteCounter {
    /// Mirrored requests are not counted; the compiler asks for something to count by.
    fileprivate static func mirror(_ host: String) -> RouteCounter {
        let key = EvidenceKey(store: "", service: nil, host: host, version: nil)
        return RouteCounter(answersOf: key, virtualService: "", routeName: "")
    }
}
