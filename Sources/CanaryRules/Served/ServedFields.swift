// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What canaryctl's proxy does with each field of the objects that decide about traffic: every field has its place here.
/// `NotServedRule` warns by this table, and tests hold the field tables and the manual to it.
package enum ServedFields {
    package enum Standing: Sendable {
        /// The proxy acts on it.
        case served
        /// Nothing is lost: one proxy on one machine has nothing to do for it, or another field, which is told, decides whether
        /// it means anything.
        case moot
        /// Some values are kept without effect.
        case kept(Kept)
    }

    /// Values that the proxy does not act on.
    package struct Kept: Sendable {
        package enum Values: Sendable {
            /// All but the empty ones.
            case any
            case these([String])
            case otherThan([String])
            case beginning(String)
            /// Texts that hold one of the words, between commas.
            case listing([String])
            case containing(Character)
            case no
        }

        package var values: Values
        /// What to say; `%` is the value.
        package var message: String?
        /// Whether leaving the field out means one of the values.
        package var isDefault = false
    }

    package static let kinds = fields.keys.sorted { $0.rawValue < $1.rawValue }

    /// The fields of a kind by their paths, in which lists are not to be seen; what is said of one holds for all below it.
    package static func fields(of kind: ResourceKind) -> [(path: String, standing: Standing)] {
        everyKind.map { ($0, .moot) } + (fields[kind] ?? [])
    }

    private static let everyKind = ["apiVersion", "kind", "metadata", "status"]

    private static let fields: [ResourceKind: [(path: String, standing: Standing)]] = [
        .virtualService: virtualService, .destinationRule: destinationRule, .gateway: gateway,
        .service: service, .serviceEntry: serviceEntry, .workloadEntry: below("spec", endpoint),
        .endpoints: endpoints, .endpointSlice: endpointSlice,
    ]

    private static func kept(_ values: Kept.Values = .any, _ message: String? = nil) -> Standing {
        .kept(Kept(values: values, message: message))
    }

    private static func below(_ path: String, _ fields: [(path: String, standing: Standing)])
        -> [(path: String, standing: Standing)]
    {
        fields.map { ("\(path).\($0.path)", $0.standing) }
    }

    // MARK: - Istio

    private static let virtualService: [(path: String, standing: Standing)] =
        [
            ("spec.hosts", .served), ("spec.gateways", .served), ("spec.exportTo", .served),
            ("spec.tls", .served), ("spec.tcp", .served), ("spec.tcp.match.sourceSubnet", kept()),
        ] + below("spec.http", httpRoute) + below("spec.http.match", httpMatch)

    private static let httpRoute: [(path: String, standing: Standing)] = [
        ("name", .served), ("route", .served), ("redirect", .served), ("directResponse", .served),
        ("delegate", .served), ("rewrite", .served), ("headers", .served), ("timeout", .served),
        ("fault", .served), ("mirror", .served), ("mirrors", .served),
        ("mirrorPercent", .served), ("mirror_percent", .served), ("mirrorPercentage", .served),
        ("corsPolicy", .served),
        ("retries.attempts", .served), ("retries.perTryTimeout", .served), ("retries.backoff", .served),
        (
            "retries.retryOn",
            kept(.listing(unknownToHTTP), "the proxy never has a reason to retry for \"%\"")
        ),
        ("retries.retryRemoteLocalities", .served),
        ("retries.retryIgnorePreviousHosts", .served),
    ]

    /// Conditions of retries that are about HTTP/3, or about headers that VirtualServices cannot name.
    private static let unknownToHTTP = ["http3-post-connect-failure", "retriable-headers"]

    private static let httpMatch: [(path: String, standing: Standing)] = [
        ("name", .served), ("uri", .served), ("scheme", .served), ("method", .served),
        ("authority", .served), ("headers", .served), ("withoutHeaders", .served),
        ("queryParams", .served), ("ignoreUriCase", .served), ("port", .served),
        ("sourceLabels", .served), ("sourceNamespace", .served), ("gateways", .served),
        ("statPrefix", kept()),
    ]

    private static let destinationRule: [(path: String, standing: Standing)] =
        [
            ("spec.host", .served), ("spec.exportTo", .served), ("spec.workloadSelector", .served),
            ("spec.subsets.name", .served), ("spec.subsets.labels", .served),
        ]
        + ["spec.trafficPolicy", "spec.subsets.trafficPolicy"].flatMap { policy in
            below(policy, trafficPolicy)
                + below("\(policy).portLevelSettings", [("port", .served)] + portPolicy)
        }

    private static let trafficPolicy: [(path: String, standing: Standing)] =
        portPolicy + [("tunnel", kept()), ("proxyProtocol", .served), ("retryBudget", .served)]

    private static let portPolicy: [(path: String, standing: Standing)] =
        below("loadBalancer", loadBalancer) + below("connectionPool", connectionPool)
        + [("outlierDetection", .served)]
        + [
            ("tls", .served),
            (
                "tls.mode",
                kept(
                    .these(["ISTIO_MUTUAL"]),
                    "the proxy has no certificates of a mesh, and speaks plain text there"
                )
            ),
        ]

    private static let loadBalancer: [(path: String, standing: Standing)] = [
        (
            "simple",
            kept(.these(["PASSTHROUGH"]), "the proxy does not know %, and balances by the least requests")
        ),
        ("consistentHash.httpHeaderName", .served), ("consistentHash.httpQueryParameterName", .served),
        ("consistentHash.useSourceIp", .served), ("consistentHash.httpCookie.name", .served),
        ("consistentHash.httpCookie.ttl", .served), ("consistentHash.httpCookie.path", .served),
        ("consistentHash.httpCookie.attributes", .served),
        ("consistentHash.minimumRingSize", .served), ("consistentHash.ringHash", .served),
        ("consistentHash.maglev", .served), ("localityLbSetting", .served),
        ("zoneAwareLbSetting", kept()), ("warmup", .served),
        ("warmupDurationSecs", .served), ("backendUtilization", kept()),
    ]

    private static let connectionPool: [(path: String, standing: Standing)] =
        [
            ("tcp.connectTimeout", .served), ("http.idleTimeout", .served),
            ("http.maxRequestsPerConnection", .served), ("tcp.maxConnections", .served),
            ("tcp.maxConnectionDuration", .served), ("tcp.tcpKeepalive", .served),
            ("tcp.idleTimeout", .served), ("http.http1MaxPendingRequests", .served),
            ("http.http2MaxRequests", .served), ("http.maxRetries", .served),
            ("http.h2UpgradePolicy", .served), ("http.useClientProtocol", .served),
            ("http.maxConcurrentStreams", .served), ("http.http2KeepAlive", kept()),
        ]

    private static let gateway: [(path: String, standing: Standing)] =
        [
            ("spec.selector", .moot), ("spec.servers.name", .moot), ("spec.servers.hosts", .served),
            ("spec.servers.bind", kept(.beginning("unix:"), "the proxy does not listen on sockets")),
            ("spec.servers.defaultEndpoint", kept()),
            ("spec.servers.port.name", .served), ("spec.servers.port.number", .served),
            ("spec.servers.port.targetPort", kept()),
            (
                "spec.servers.port.protocol",
                kept(
                    .otherThan([
                        "HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "MONGO", "MYSQL", "REDIS",
                    ]),
                    "the proxy does not listen for protocol % yet"
                )
            ),
            ("spec.servers.tls", .served),
            ("spec.servers.tls.ecdhCurves", kept(.any, "the proxy agrees on the usual curves")),
            (
                "spec.servers.tls.insecureSkipVerify",
                kept(.any, "the proxy verifies clients' certificates all the same")
            ),
            (
                "spec.servers.tls.tlsCertificates.caCertificates",
                kept(.any, "the proxy takes CA certificates from caCertificates of the server")
            ),
            (
                "spec.servers.tls.mode",
                kept(
                    .these(["AUTO_PASSTHROUGH", "ISTIO_MUTUAL"]),
                    "the proxy does not listen for TLS mode %"
                )
            ),
        ]

    private static let serviceEntry: [(path: String, standing: Standing)] =
        [
            ("spec.hosts", .served), ("spec.exportTo", .served), ("spec.workloadSelector", .served),
            ("spec.location", .moot), ("spec.subjectAltNames", .served),
            ("spec.addresses", kept(.containing("/"), "the proxy does not route by ranges of addresses yet")),
            (
                "spec.resolution",
                .kept(
                    Kept(
                        values: .these(["NONE"]),
                        message: "the proxy does not pass requests on to where they were sent, as resolution"
                            + " NONE asks: without endpoints they get 503",
                        isDefault: true
                    )
                )
            ),
            ("spec.ports.name", .served), ("spec.ports.number", .served),
            ("spec.ports.targetPort", .served),
            ("spec.ports.protocol", otherProtocol),
        ] + below("spec.endpoints", endpoint)

    /// What ports of hosts speak besides HTTP/1; other rules tell what no protocol is.
    private static let otherProtocol = kept(
        .these([
            "HTTPS", "MONGO", "MYSQL", "REDIS", "TCP", "TLS", "UDP", "HBONE",
            "kubernetes.io/wss",
        ]),
        "the proxy speaks HTTP there, and not %"
    )

    /// As that of ports of Services, which may be opened for what is passed on as it is.
    private static let otherServiceProtocol = kept(
        .these(["UDP", "HBONE", "kubernetes.io/wss"]),
        "the proxy speaks HTTP there, and not %"
    )

    /// Of WorkloadEntries and ServiceEntries.
    private static let endpoint: [(path: String, standing: Standing)] = [
        ("address", kept(.beginning("unix:"), "the proxy leaves sockets out: no request gets there")),
        ("ports", .served), ("labels", .served), ("weight", .served), ("network", kept()),
        ("locality", .served), ("serviceAccount", .moot),
    ]

    // MARK: - Kubernetes

    private static let service: [(path: String, standing: Standing)] =
        [
            ("spec.selector", .served), ("spec.clusterIP", .served), ("spec.clusterIPs", .moot),
            (
                "spec.type",
                kept(.these(["ExternalName"]), "the proxy does not send requests to other names yet")
            ),
            ("spec.externalName", .moot),
            ("spec.externalIPs", kept(.any, "the proxy does not listen on these addresses")),
            (
                "spec.loadBalancerSourceRanges",
                kept(.any, "the proxy does not refuse clients by their addresses: everybody gets in")
            ),
            ("spec.loadBalancerIP", kept(.any, "the proxy listens where --bind says")),
            ("spec.loadBalancerClass", .moot), ("spec.allocateLoadBalancerNodePorts", .moot),
            ("spec.externalTrafficPolicy", .moot), ("spec.internalTrafficPolicy", .moot),
            ("spec.healthCheckNodePort", kept()), ("spec.trafficDistribution", kept()),
            ("spec.ipFamilies", .moot), ("spec.ipFamilyPolicy", .moot),
            ("spec.publishNotReadyAddresses", kept(.any, "endpoints that are not ready get no requests")),
            ("spec.sessionAffinity", kept(.these(["ClientIP"]))), ("spec.sessionAffinityConfig", .moot),
        ]
        + below(
            "spec.ports",
            [
                ("name", .served), ("port", .served), ("targetPort", .served), ("nodePort", .served),
                ("protocol", noStream),
                ("appProtocol", otherServiceProtocol),
            ]
        )

    private static let noStream = kept(.these(["UDP", "SCTP"]), "the proxy does not serve %")

    private static let endpoints: [(path: String, standing: Standing)] =
        ["subsets.addresses", "subsets.notReadyAddresses"].flatMap {
            below(
                $0,
                [("ip", .served), ("targetRef", .served), ("hostname", .moot), ("nodeName", .moot)]
            )
        } + below("subsets.ports", endpointPort)

    private static let endpointSlice: [(path: String, standing: Standing)] =
        [("addressType", .served)]
        + below(
            "endpoints",
            [
                ("addresses", .served), ("targetRef", .served), ("conditions.ready", .served),
                ("conditions.serving", .moot), ("conditions.terminating", .moot), ("hints", kept()),
                ("zone", .moot), ("nodeName", .moot), ("hostname", .moot), ("deprecatedTopology", .moot),
            ]
        ) + below("ports", endpointPort)

    private static let endpointPort: [(path: String, standing: Standing)] = [
        ("name", .served), ("port", .served), ("protocol", noStream),
        // The Service's is told.
        ("appProtocol", .moot),
    ]
}
