// SPDX-License-Identifier: Apache-2.0

/// A field is accepted and kept, but canaryctl's proxy does not act on it. Against Kubernetes with Istio it has its meaning.
enum NotServedRule: ObjectRule {
    static let code = RuleCode("CAN1001")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService, .destinationRule, .gateway, .service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        switch object.resource.kind {
        case .virtualService:
            if let spec = object.spec { check(spec, ["tls", "tcp"], &report) }
            for route in object.httpRoutes { check(route, routeFields, &report) }
            for retries in object.httpRoutes.compactMap({ $0["retries"] }) {
                check(retries, ["retryRemoteLocalities"], &report)
            }
        case .destinationRule: checkDestinationRule(object, &report)
        case .gateway: checkGateway(object, &report)
        default: checkService(object, &report)
        }
    }

    /// Of a VirtualService's HTTP route.
    static let routeFields = [
        "fault", "mirror", "mirrors", "mirrorPercent", "mirror_percent", "mirrorPercentage", "corsPolicy",
    ]
    private static let policyFields = ["outlierDetection", "tunnel", "proxyProtocol", "retryBudget"]
    private static let balancerFields = [
        "localityLbSetting", "zoneAwareLbSetting", "warmup", "warmupDurationSecs", "backendUtilization",
    ]
    private static let tcpFields = ["maxConnections", "maxConnectionDuration", "tcpKeepalive"]
    private static let httpFields = [
        "http1MaxPendingRequests", "http2MaxRequests", "maxRetries", "h2UpgradePolicy", "useClientProtocol",
        "maxConcurrentStreams", "http2KeepAlive",
    ]

    private static func checkDestinationRule(_ object: CheckedObject, _ report: inout RuleReport) {
        for level in object.policyLevels {
            check(level, policyFields, &report)
            if let balancer = level["loadBalancer"] { check(balancer, &report) }
            if let tcp = level["connectionPool"]?["tcp"] { check(tcp, tcpFields, &report) }
            if let http = level["connectionPool"]?["http"] { check(http, httpFields, &report) }
            guard let tls = level["tls"], (tls["mode"]?.string ?? "DISABLE") != "DISABLE" else { continue }
            add(tls, &report)
        }
    }

    private static func check(_ balancer: Located, _ report: inout RuleReport) {
        check(balancer, balancerFields, &report)
        guard let lifetime = balancer["consistentHash"]?["httpCookie"]?["ttl"] else { return }
        report.add(
            at: lifetime,
            "the proxy does not make the cookie yet: requests without it are drawn independently"
        )
    }

    private static func checkGateway(_ object: CheckedObject, _ report: inout RuleReport) {
        for server in object.spec?["servers"]?.items ?? [] {
            guard let place = server["port"]?["protocol"], let name = place.string,
                !["HTTP", "HTTP2", "GRPC", "GRPC-WEB"].contains(name.uppercased())
            else { continue }
            report.add(at: place, "the proxy does not listen for protocol \(name) yet")
        }
    }

    private static func checkService(_ object: CheckedObject, _ report: inout RuleReport) {
        if let affinity = object.spec?["sessionAffinity"], affinity.string == "ClientIP" {
            add(affinity, &report)
        }
        for port in object.spec?["ports"]?.items ?? [] {
            guard let place = port["protocol"], let name = place.string, name == "UDP" || name == "SCTP"
            else { continue }
            report.add(at: place, "the proxy does not serve \(name)")
        }
    }

    private static func check(_ place: Located, _ fields: [String], _ report: inout RuleReport) {
        for field in fields {
            guard let value = place[field], value.node.sequence?.isEmpty != true else { continue }
            add(value, &report)
        }
    }

    private static func add(_ place: Located, _ report: inout RuleReport) {
        report.add(at: place, "\(place.label) is kept, but the proxy does not act on it yet")
    }
}
