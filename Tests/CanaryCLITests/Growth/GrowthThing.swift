// SPDX-License-Identifier: Apache-2.0

/// Something of which there can be many, and manifests with so many of it. A new one is a line in ``all``.
struct GrowthThing: Sendable, CustomStringConvertible {
    let description: String
    /// How much more of it is looked at: beyond what is compared with each other because it is little.
    let scale: Int
    /// The others take part where `$CANARYCTL_GROWTH` is set.
    let isAlwaysTried: Bool
    private let documents: @Sendable (Int) -> [String]

    /// The manifests of so many, with a value of their own for each version of the file.
    func manifests(_ count: Int, value: String) -> String {
        documents(count).map { $0 + "\n---\n" }.joined().split(
            separator: "VALUE",
            omittingEmptySubsequences: false
        )
        .joined(separator: value)
    }

    init(
        _ description: String,
        scale: Int = 1,
        always isAlwaysTried: Bool = false,
        _ documents: @escaping @Sendable (Int) -> [String]
    ) {
        self.description = description
        self.scale = scale
        self.isAlwaysTried = isAlwaysTried
        self.documents = documents
    }

    static let all = [
        GrowthThing("VirtualServices of a host") { n in
            pair + numbers(n) { virtualService(split, name: "vs-\($0)") }
        },
        GrowthThing("VirtualServices of a Service", always: true) { n in
            pair + numbers(n) { virtualService(split, name: "vs-\($0)", hosts: "h\($0).example.com") }
        },
        GrowthThing("hosts of a VirtualService", always: true) { n in
            pair + [virtualService(split, hosts: "app, " + list(n) { "h\($0).example.com" })]
        },
        GrowthThing("hosts that are Services", always: true) { n in
            pair + numbers(n) { service("app-\($0)", selector: "app") }
                + [virtualService(split, hosts: "app, " + list(n) { "app-\($0)" })]
        },
        GrowthThing("routes by prefix") { n in
            pair + [virtualService(list(n) { route("{uri: {prefix: /p\($0)/}}", to("v1")) } + ", " + split)]
        },
        GrowthThing("routes that change", always: true) { n in
            pair + [
                virtualService(list(n) { route("{uri: {prefix: /VALUE\($0)/}}", to("v1")) } + ", " + split)
            ]
        },
        GrowthThing("prefixes that are replaced") { n in
            pair + [
                virtualService(
                    "{match: [\(list(n) { "{uri: {prefix: /p\($0)/}}, {uri: {prefix: /p\($0)}}" })], "
                        + "rewrite: {uri: /}, route: [\(to("v1"))]}, \(split)"
                )
            ]
        },
        GrowthThing("server names", scale: 4) { n in
            pair + [
                istio(
                    "VirtualService",
                    "tls",
                    "hosts: [\(list(n) { "h\($0).example.com" })], tls: [{match: [{port: 443, sniHosts: ["
                        + "\(list(n) { "h\($0).example.com" })]}], route: [\(to("v1"))]}]"
                )
            ]
        },
        GrowthThing("TLS routes", scale: 4) { n in
            pair + [
                istio(
                    "VirtualService",
                    "tls",
                    "hosts: ['*.example.com'], tls: ["
                        + list(n) {
                            "{match: [{port: 443, sniHosts: [h\($0).example.com]}], route: [\(to("v1"))]}"
                        } + "]"
                )
            ]
        },
        GrowthThing("subsets of listed endpoints") { n in
            [
                istio(
                    "ServiceEntry",
                    "app",
                    "hosts: [app.example.com], resolution: STATIC, ports: [{number: 80, name: http, "
                        + "protocol: HTTP}], endpoints: ["
                        + list(n) { "{address: 10.0.\($0 / 250).\($0 % 250), labels: {version: v\($0)}}" }
                        + "]"
                ),
                istio(
                    "DestinationRule",
                    "app",
                    "host: app.example.com, subsets: [\(list(n) { subset($0) })]"
                ),
            ]
        },
        GrowthThing("routes by header") { n in
            pair + [
                virtualService(list(n) { route("{headers: {u: {exact: u\($0)}}}", to("v1")) } + ", " + split)
            ]
        },
        GrowthThing("routes to subsets", always: true) { n in
            [service("app", selector: "app"), rule("app", list(n + 2) { subset($0) })]
                + [
                    virtualService(
                        list(n) { route("{uri: {prefix: /p\($0)/}}", to("v\($0)")) } + ", " + split
                    )
                ]
        },
        GrowthThing("routes to Services") { n in
            pair + numbers(n) { service("app-\($0)", selector: "app-\($0)") } + [
                virtualService(
                    list(n) { route("{uri: {prefix: /p\($0)/}}", "{destination: {host: app-\($0)}}") } + ", "
                        + split
                )
            ]
        },
        GrowthThing("match blocks") { n in
            pair + [virtualService(route(list(n) { "{uri: {prefix: /p\($0)/}}" }, to("v1")) + ", " + split)]
        },
        GrowthThing("destinations", always: true) { n in
            [service("app", selector: "app"), rule("app", list(n) { subset($0) })]
                + [virtualService("{route: [\(list(n) { to("v\($0)", weight: 1) })]}")]
        },
        GrowthThing("subsets") { n in pair + [rule("app", list(n) { subset($0) }), virtualService(split)] },
        GrowthThing("DestinationRules of a host", always: true) { n in
            pair + numbers(n) { rule("rule-\($0)", subset($0)) } + [virtualService(split)]
        },
        GrowthThing("Deployments of a version", always: true) { n in
            pair + numbers(n) { deployment("d-\($0)", version: "v1") } + [virtualService(split)]
        },
        GrowthThing("versions") { n in pair + numbers(n) { deployment("d-\($0)", version: "w\($0)") } },
        GrowthThing("autoscalers") { n in
            pair + numbers(n) { deployment("d-\($0)", version: "v1") } + numbers(n, autoscaler)
                + [virtualService(split)]
        },
        GrowthThing("endpoints") { n in pair + numbers(n) { endpoint($0, "v1") } + [virtualService(split)] },
        GrowthThing("endpoints of versions") { n in
            pair + numbers(n) { endpoint($0, "w\($0)") } + [virtualService(split)]
        },
        GrowthThing("Gateways") { n in
            pair + numbers(n) { gateway("g-\($0)", server($0)) }
                + [
                    virtualService(
                        split,
                        hosts: "app.example.com",
                        more: "gateways: [\(list(n) { "g-\($0)" })], "
                    )
                ]
        },
        GrowthThing("servers and their hosts") { n in
            pair + [
                gateway("g", list(n) { server($0) }),
                virtualService(split, hosts: list(n) { "h\($0).example.com" }, more: "gateways: [g], "),
            ]
        },
        GrowthThing("servers with ports of their own", always: true) { n in
            pair + [
                gateway("g", list(n) { server($0, port: 1000 + $0) }),
                virtualService(split, hosts: list(n) { "h\($0).example.com" }, more: "gateways: [g], "),
            ]
        },
        GrowthThing("delegates", always: true) { n in
            pair + numbers(n) { virtualService("{route: [\(to("v1"))]}", name: "part-\($0)", hosts: "") } + [
                virtualService(
                    list(n) { "{match: [{uri: {prefix: /p\($0)/}}], delegate: {name: part-\($0)}}" }
                )
            ]
        },
        GrowthThing("header changes") { n in
            pair + [
                virtualService(
                    "{headers: {request: {set: {\(list(n) { "x-\($0): \"1\"" })}}}, route: [\(to("v1"))]}"
                )
            ]
        },
        GrowthThing("labels and annotations") { n in
            pair + [
                virtualService(
                    split,
                    metadata:
                        "labels: {\(list(n) { "l\($0): x" })}, annotations: {\(list(n) { "a\($0): x" })}, "
                )
            ]
        },
        GrowthThing("lines", scale: 8) { n in
            pair + [
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {\(list(n) { "k\($0): VALUE" })}}"
            ]
        },
    ]

    private static let split = "{route: [\(to("v1", weight: 90)), \(to("v2", weight: 10))]}"
    private static let pair = [
        service("app", selector: "app"), deployment("app-v1", version: "v1"),
        deployment("app-v2", version: "v2"),
    ]
}

// MARK: - Manifests

extension GrowthThing {
    private static func numbers(_ count: Int, _ text: (Int) -> String) -> [String] { (0..<count).map(text) }

    private static func list(_ count: Int, _ text: (Int) -> String) -> String {
        numbers(count, text).joined(separator: ", ")
    }

    private static func service(_ name: String, selector: String) -> String {
        "{apiVersion: v1, kind: Service, metadata: {name: \(name)}, spec: {selector: {app: \(selector)}, "
            + "ports: [{name: http, port: 80}]}}"
    }

    private static func deployment(_ name: String, version: String) -> String {
        let labels = "{app: app, version: \(version)}"
        return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: \(name)}, spec: {selector: "
            + "{matchLabels: \(labels)}, template: {metadata: {labels: \(labels)}, "
            + "spec: {containers: [{name: main, image: \"app:1\"}]}}}}"
    }

    private static func istio(_ kind: String, _ name: String, _ spec: String, metadata: String = "") -> String
    {
        "{apiVersion: networking.istio.io/v1, kind: \(kind), metadata: {\(metadata)name: \(name)}, "
            + "spec: {\(spec)}}"
    }

    private static func virtualService(
        _ routes: String,
        name: String = "app",
        hosts: String = "app",
        more: String = "",
        metadata: String = ""
    ) -> String {
        let hosts = hosts.isEmpty ? "" : "hosts: [\(hosts)], "
        return istio("VirtualService", name, "\(hosts)\(more)http: [\(routes)]", metadata: metadata)
    }

    private static func route(_ matches: String, _ destination: String) -> String {
        "{match: [\(matches)], route: [\(destination)]}"
    }

    private static func to(_ subset: String, weight: Int? = nil) -> String {
        "{destination: {host: app, subset: \(subset)}\(weight.map { ", weight: \($0)" } ?? "")}"
    }

    private static func subset(_ number: Int) -> String {
        "{name: v\(number), labels: {version: v\(number)}}"
    }

    private static func rule(_ name: String, _ subsets: String) -> String {
        istio("DestinationRule", name, "host: app, subsets: [\(subsets)]")
    }

    private static func endpoint(_ number: Int, _ version: String) -> String {
        istio(
            "WorkloadEntry",
            "e-\(number)",
            "address: 10.0.\(number / 250).\(number % 250), ports: {http: 8080}, "
                + "labels: {app: app, version: \(version)}"
        )
    }

    private static func autoscaler(_ number: Int) -> String {
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a-\(number)}, spec: "
            + "{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d-\(number)}, "
            + "minReplicas: 1, maxReplicas: 10}}"
    }

    private static func gateway(_ name: String, _ servers: String) -> String {
        istio("Gateway", name, "selector: {istio: ingressgateway}, servers: [\(servers)]")
    }

    private static func server(_ number: Int, port: Int = 80) -> String {
        "{port: {number: \(port), name: http-\(number), protocol: HTTP}, hosts: [h\(number).example.com]}"
    }
}
