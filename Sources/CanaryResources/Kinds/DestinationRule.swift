// SPDX-License-Identifier: Apache-2.0

/// An Istio DestinationRule: the subsets of a host, and how to talk to it.
package struct DestinationRule: Sendable {
    package struct Subset: Sendable {
        package var name: String
        package var labels: [String: String]
        @Rare package var trafficPolicy: TrafficPolicy?
    }

    package var host: String
    package var subsets: [Subset]
    @Rare package var trafficPolicy: TrafficPolicy?
    package var exportTo: [String]
    package var workloadSelector: [String: String]?
    /// The Secrets whose certificates are shown to endpoints, or believed of them.
    package var credentialNames: [String]

    init(_ body: Node) {
        let spec = body["spec"]
        host = spec?["host"]?.string ?? ""
        let policy = spec?["trafficPolicy"].map(TrafficPolicy.init)
        trafficPolicy = policy
        exportTo = spec?["exportTo"]?.strings ?? []
        workloadSelector = spec?["workloadSelector"].map { $0["matchLabels"]?.stringMap ?? [:] }
        let all = (spec?["subsets"]?.items ?? []).map { subset in
            Subset(
                name: subset["name"]?.string ?? "",
                labels: subset["labels"]?.stringMap ?? [:],
                trafficPolicy: subset["trafficPolicy"].map(TrafficPolicy.init)
            )
        }
        subsets = all
        let levels = ([policy] + all.map(\.trafficPolicy)).compactMap(\.self)
        credentialNames = (levels + levels.flatMap { $0.portLevelSettings.map(\.policy) })
            .compactMap(\.tls?.credentialName)
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
        case cookie(Cookie)
        case sourceAddress
        case queryParameter(String)
    }

    package struct Cookie: Hashable, Sendable {
        package var name: String
        package var path: String
        /// With it the proxy sets the cookie where it is missing; zero means a session cookie.
        package var ttl: Duration?
        /// Further attributes, each as it stands in `Set-Cookie`: `SameSite=Lax`, `Secure`.
        package var attributes: [String]
    }

    /// The settings of one port; they replace whole blocks.
    package struct PortLevel: Sendable {
        package var port: Int
        package var policy: TrafficPolicy
    }

    /// Whether the block is there: a subset's block replaces the rule's.
    package var hasLoadBalancer: Bool
    package var balancing: Balancing?
    package var hashKey: HashKey?
    package var hashTable: HashTable
    package var warmUp: WarmUp?
    package var locality: LocalityPolicy?
    package var connectionPool: ConnectionPool?
    package var outlierDetection: OutlierDetection?
    package var retryBudget: RetryBudget?
    package var tls: ClientTLS?
    /// In what form endpoints are told whose connection each is; ports have none of their own.
    package var proxyProtocol: ProxyProtocolVersion?
    package var portLevelSettings: [PortLevel]

    init(_ node: Node) {
        hasLoadBalancer = node["loadBalancer"] != nil
        portLevelSettings = (node["portLevelSettings"]?.items ?? []).compactMap { item in
            guard let port = item["port"]?["number"]?.integer else { return nil }
            return PortLevel(port: Int(port), policy: TrafficPolicy(item))
        }
        let balancer = node["loadBalancer"]
        balancing = balancer?["simple"]?.string.flatMap(Balancing.init)
        hashKey = HashKey(balancer?["consistentHash"])
        hashTable = HashTable(balancer?["consistentHash"])
        warmUp = balancer.flatMap(WarmUp.init)
        locality = balancer?["localityLbSetting"].map(LocalityPolicy.init)
        connectionPool = node["connectionPool"].map(ConnectionPool.init)
        outlierDetection = node["outlierDetection"].map(OutlierDetection.init)
        retryBudget = node["retryBudget"].map(RetryBudget.init)
        tls = node["tls"].map(ClientTLS.init)
        proxyProtocol = node["proxyProtocol"].map { settings in
            settings["version"]?.string.flatMap(ProxyProtocolVersion.init) ?? .v1
        }
    }
}

/// A version of HAProxy's PROXY protocol.
package enum ProxyProtocolVersion: String, BitwiseCopyable, Sendable {
    case v1 = "V1"
    case v2 = "V2"
}

extension TrafficPolicy.HashKey {
    init?(_ node: Node?) {
        if let name = node?["httpHeaderName"]?.string {
            self = .header(name)
        } else if let cookie = node?["httpCookie"], let name = cookie["name"]?.string {
            self = .cookie(
                TrafficPolicy.Cookie(
                    name: name,
                    path: cookie["path"]?.string ?? "",
                    ttl: Duration(cookie["ttl"]),
                    attributes: (cookie["attributes"]?.items ?? []).compactMap { attribute in
                        guard let name = attribute["name"]?.string else { return nil }
                        let value = attribute["value"]?.string ?? ""
                        return value.isEmpty ? name : "\(name)=\(value)"
                    }
                )
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
