// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

struct SchemaCheckTests {
    private func findings(_ kind: ResourceKind, _ body: Node) -> [Diagnostic] {
        SchemaCheck.check(object(kind, "sample", body))
    }

    @Test func `a complete Deployment has no findings`() {
        let found = findings(
            .deployment,
            [
                "spec": [
                    "replicas": 1,
                    "selector": ["matchLabels": ["app": "x"]],
                    "template": [
                        "metadata": ["labels": ["app": "x"], "annotations": nil],
                        "spec": [
                            "containers": [
                                [
                                    "name": "x", "image": "x:1",
                                    "resources": ["limits": ["cpu": 0.5, "memory": "128Mi"]],
                                    "livenessProbe": ["httpGet": ["path": "/", "port": "http"]],
                                ]
                            ],
                            "affinity": [
                                "podAntiAffinity": [
                                    "preferredDuringSchedulingIgnoredDuringExecution": [
                                        [
                                            "weight": 1,
                                            "podAffinityTerm": [
                                                "topologyKey": "zone",
                                                "labelSelector": [
                                                    "matchExpressions": [
                                                        ["key": "app", "operator": "In", "values": ["x"]]
                                                    ]
                                                ],
                                            ],
                                        ]
                                    ]
                                ]
                            ],
                        ],
                    ],
                ],
                "status": ["anything": 1],
            ]
        )
        #expect(found == [])
    }

    @Test func `a misspelt field is an error with a suggestion`() throws {
        let found = findings(
            .virtualService,
            ["spec": ["http": [["route": [["destination": ["host": "a"], "wieght": 1]]]]]]
        )
        let finding = try #require(found.first)
        #expect(found.count == 1)
        #expect(finding.code.canary == "CAN0101")
        #expect(finding.path.description == "spec.http[0].route[0].wieght")
        #expect(finding.message == "unknown field \"wieght\" in \"spec.http[0].route[0]\"")
        #expect(finding.hint == "did you mean \"weight\"?")
    }

    @Test(arguments: [
        ("finalizers", "\"finalizers\" belongs under \"metadata\": indent it"),
        ("replicas", "\"replicas\" belongs under \"spec\": indent it"),
    ])
    func `a field that is not indented is shown where it belongs`(_ field: String, _ hint: String) {
        let found = findings(.deployment, Node(.mapping(Mapping([.init(key: field, value: 1)]))))
        #expect(found.first?.hint == hint)
    }

    @Test func `a field of the level above is shown where it belongs`() {
        let resource = Resource(
            key: ResourceKey(.service, namespace: "default", name: "x"),
            body: ["apiVersion": "v1", "kind": "Service", "metadata": ["name": "x", "ports": [["port": 1]]]]
        )
        #expect(SchemaCheck.check(resource).map(\.hint) == ["\"ports\" belongs under \"spec\""])
    }

    @Test func `values of the wrong type are errors with a remedy`() {
        let found = findings(
            .service,
            ["spec": ["selector": ["version": 1.5], "ports": [["port": "80"]], "clusterIPs": "None"]]
        )
        #expect(
            found.map { "\($0.path): \($0.message); \($0.hint ?? "")" } == [
                "spec.selector.version: \"version\" is a number, not a string; "
                    + "put the value in quotes",
                "spec.ports[0].port: \"port\" is a string, not an integer; write it without quotes: port: 80",
                "spec.clusterIPs: \"clusterIPs\" is a string, not a list; begin each item with \"- \"",
            ]
        )
    }

    @Test func `missing fields, unknown words, ranges and exclusive fields are errors`() {
        let found = findings(
            .destinationRule,
            [
                "spec": [
                    "trafficPolicy": [
                        "loadBalancer": [
                            "simple": "ROUND_ROBBIN", "consistentHash": ["useSourceIp": true],
                            "warmup": ["duration": "0s", "minimumPercent": 101],
                        ],
                        "connectionPool": ["tcp": ["maxConnections": 3_000_000_000]],
                    ]
                ]
            ]
        )
        #expect(
            found.summary == [
                "CAN0103 spec.host",
                "CAN0104 spec.trafficPolicy.loadBalancer.simple",
                "CAN0105 spec.trafficPolicy.connectionPool.tcp.maxConnections",
                "CAN0105 spec.trafficPolicy.loadBalancer.warmup.minimumPercent",
                "CAN0106 spec.trafficPolicy.loadBalancer.consistentHash",
                "CAN0108 spec.trafficPolicy.loadBalancer.warmup.duration",
            ]
        )
        #expect(found.allSatisfy { $0.code.istio == "IST0106" })
    }

    @Test(
        arguments: [
            ("0s", ""), ("600s", ""), ("1h", ""),
            ("abc", "write a number with a unit, such as 500ms, 1.5s or 2m"),
            ("-5s", "write a number with a unit, such as 500ms, 1.5s or 2m"),
            (5, "write a number with a unit, such as 500ms, 1.5s or 2m"),
        ] as [(Node, String)]
    )
    func `durations that may be nothing are durations all the same`(ttl: Node, hint: String) {
        let cookie: Node = ["httpCookie": ["name": "user", "ttl": ttl]]
        let found = findings(
            .destinationRule,
            ["spec": ["host": "app", "trafficPolicy": ["loadBalancer": ["consistentHash": cookie]]]]
        )
        #expect(found.map { $0.hint ?? "" } == (hint.isEmpty ? [] : [hint]))
    }

    @Test func `base64 and quantities are read`() {
        #expect(findings(.secret, ["data": ["a": "aGVsbG8=", "b": "hello!"]]).summary == ["CAN0109 data.b"])
        let resources: Node = ["resources": ["requests": ["cpu": "100 m", "memory": "1Gi"]]]
        var container = resources
        container.set("x", at: "name")
        #expect(
            findings(.pod, ["spec": ["containers": [container]]]).summary
                == ["CAN0109 spec.containers[0].resources.requests.cpu"]
        )
    }

    @Test func `both versions of the autoscaler have their own fields`() {
        var body: Node = [
            "spec": [
                "maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
                "scaleTargetRef": ["kind": "Deployment", "name": "x"],
            ]
        ]
        #expect(
            findings(.horizontalPodAutoscaler, body).summary == [
                "CAN0101 spec.targetCPUUtilizationPercentage"
            ]
        )
        body.set("autoscaling/v1", at: "apiVersion")
        let old = Resource(
            key: ResourceKey(.horizontalPodAutoscaler, namespace: "default", name: "x"),
            body: body
        )
        #expect(SchemaCheck.check(old) == [])
    }
}
