// SPDX-License-Identifier: Apache-2.0

/// An Istio DestinationRule: the subsets of a host, and how to talk to it.
package struct DestinationRule: Sendable {
    package struct Subset: Sendable {
        package var name: String
        package var labels: [String: String]
        package var trafficPolicy: TrafficPolicy?
    }

    package var host: String
    package var subsets: [Subset]
    package var trafficPolicy: TrafficPolicy?
    package var exportTo: [String]
    package var workloadSelector: [String: String]?

    init(_ body: Node) {
        let spec = body["spec"]
        host = spec?["host"]?.string ?? ""
        trafficPolicy = spec?["trafficPolicy"].map(TrafficPolicy.init)
        exportTo = spec?["exportTo"]?.strings ?? []
        workloadSelector = spec?["workloadSelector"].map { $0["matchLabels"]?.stringMap ?? [:] }
        subsets = (spec?["subsets"]?.items ?? []).map { subset in
            Subset(
                name: subset["name"]?.string ?? "",
                labels: subset["labels"]?.stringMap ?? [:],
                trafficPolicy: subset["trafficPolicy"].map(TrafficPolicy.init)
            )
        }
    }
}

/// The parts of a traffic policy that the proxy acts on.
package struct TrafficPolicy: Sendable {
    package enum Balancing: String, Sendable {
        case unspecified = "UNSPECIFIED"
        case leastConnections = "LEAST_CONN"
        case random = "RANDOM"
        case passthrough = "PASSTHROUGH"
        case roundRobin = "ROUND_ROBIN"
        case leastRequest = "LEAST_REQUEST"
    }

    /// What identifies a user; at most one may be given.
    package enum HashKey: Hashable, Sendable {
        case header(String)
        /// With a `ttl` the proxy sets the cookie where it is missing; zero means a session cookie.
        case cookie(name: String, path: String, ttl: Duration?)
        case sourceAddress
        case queryParameter(String)
    }

    /// The settings of one port; they replace whole blocks.
    package struct PortLevel: Sendable {
        package var port: Int
        package var policy: TrafficPolicy
    }

    /// Whether the block is there: a subset's block replaces the rule's.
    package var hasLoadBalancer: Bool
    package var hasConnectionPool: Bool
    package var balancing: Balancing?
    package var hashKey: HashKey?
    package var connectTimeout: Duration?
    package var idleTimeout: Duration?
    package var maxRequestsPerConnection: Int?
    package var portLevelSettings: [PortLevel]

    init(_ node: Node) {
        hasLoadBalancer = node["loadBalancer"] != nil
        hasConnectionPool = node["connectionPool"] != nil
        portLevelSettings = (node["portLevelSettings"]?.items ?? []).compactMap { item in
            guard let port = item["port"]?["number"]?.integer else { return nil }
            return PortLevel(port: Int(port), policy: TrafficPolicy(item))
        }
        let balancer = node["loadBalancer"]
        balancing = balancer?["simple"]?.string.flatMap(Balancing.init)
        hashKey = HashKey(balancer?["consistentHash"])
        let pool = node["connectionPool"]
        connectTimeout = Duration(pool?["tcp"]?["connectTimeout"])
        idleTimeout = Duration(pool?["http"]?["idleTimeout"])
        maxRequestsPerConnection = pool?["http"]?["maxRequestsPerConnection"]?.integer.map { Int($0) }
    }
}

extension TrafficPolicy.HashKey {
    init?(_ node: Node?) {
        if let name = node?["httpHeaderName"]?.string {
            self = .header(name)
        } else if let cookie = node?["httpCookie"], let name = cookie["name"]?.string {
            self = .cookie(
                name: name,
                path: cookie["path"]?.string ?? "",
                ttl: Duration(cookie["ttl"])
            )
        } else if node?["useSourceIp"]?.bool == true {
            self = .sourceAddress
        } else if let name = node?["httpQueryParameterName"]?.string {
            self = .queryParameter(name)
        } else {
            return nil
        }
    }
}
