// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

struct ReferenceRuleTests {
    private let service = object(
        .service,
        "helloworld",
        ["spec": ["selector": ["app": "helloworld"], "ports": [["name": "http", "port": 5000]]]]
    )

    private func deployment(_ version: String) -> Resource {
        object(
            .deployment,
            "helloworld-\(version)",
            [
                "spec": [
                    "template": ["metadata": ["labels": ["app": "helloworld", "version": .string(version)]]]
                ]
            ]
        )
    }

    private func endpoint(_ version: String) -> Resource {
        object(
            .workloadEntry,
            "helloworld-\(version)",
            [
                "spec": [
                    "address": .string("10.0.0.\(version.dropFirst())"), "ports": ["http": 9081],
                    "labels": ["app": "helloworld", "version": .string(version)],
                ]
            ]
        )
    }

    private func virtualService(_ name: String = "helloworld", host: String = "helloworld", route: Node)
        -> Resource
    {
        object(.virtualService, name, ["spec": ["hosts": [.string(host)], "http": [["route": route]]]])
    }

    private let canary: Node = [
        ["destination": ["host": "helloworld", "subset": "v1"], "weight": 90],
        ["destination": ["host": "helloworld", "subset": "v2"], "weight": 10],
    ]

    private func check(_ changed: Resource, _ others: [Resource], asWarnings: Bool = true) -> [Diagnostic] {
        RuleCatalog.checkReferences(
            [changed],
            in: ClusterSnapshot([changed] + others),
            asWarnings: asWarnings,
            home: "default"
        )
    }

    @Test func `a canary whose versions have endpoints has implicit subsets and nothing else`() {
        let found = check(virtualService(route: canary), [service, endpoint("v1"), endpoint("v2")])
        #expect(
            found.summary == [
                "CAN0805 spec.http[0].route[0].destination.subset",
                "CAN0805 spec.http[0].route[1].destination.subset",
            ]
        )
        #expect(found.allSatisfy { $0.severity == .info && $0.isRefusedByIstio })
        #expect(found.allSatisfy { $0.ratedForIstio.severity == .error })
    }

    @Test func `in manifests alone a selector that nobody fits is one finding`() {
        let objects = [virtualService(route: [["destination": ["host": "helloworld"]]]), service]
        let checker = ReferenceChecker(ClusterSnapshot(objects), manifestsOnly: true, home: "default")
        let found = objects.flatMap { checker.check($0) }
        #expect(found.summary == ["CAN0808 spec.selector"])
        #expect(found.first?.hint?.contains("\"canaryctl register helloworld ADDRESS:PORT\"") == true)
    }

    @Test(arguments: ["default": " -n shop", "shop": "", nil: " -n shop"] as [String?: String])
    func `hints for endpoints name the namespace unless it is the command's own`(
        home: String?,
        option: String
    ) {
        let elsewhere = object(
            .service,
            "helloworld",
            namespace: "shop",
            ["spec": ["selector": ["app": "helloworld"]]]
        )
        let found = RuleCatalog.checkReferences([elsewhere], in: ClusterSnapshot([elsewhere]), home: home)
        let hint = found.first { $0.code.canary == "CAN0808" }?.hint
        #expect(hint?.hasSuffix("\"canaryctl register helloworld ADDRESS:PORT\(option)\"") == true)
    }

    @Test func `in manifests alone a Deployment stands for ready pods`() {
        let route = virtualService(route: canary)
        let objects = [route, service, deployment("v1")]
        let checker = ReferenceChecker(ClusterSnapshot(objects), manifestsOnly: true)
        #expect(!checker.check(route).contains { $0.code.canary == "CAN0807" })
        #expect(check(route, objects).contains { $0.code.canary == "CAN0807" })
    }

    @Test func `a share without a ready endpoint is named`() throws {
        let found = check(virtualService(route: canary), [service, endpoint("v1"), deployment("v2")])
        let finding = try #require(found.first { $0.code.canary == "CAN0807" })
        #expect(
            finding.message
                == "10 % of requests to \"helloworld\" will get 503: no endpoint of subset \"v2\" is ready"
        )
        #expect(finding.severity == .warning)
    }

    @Test func `a route without any ready endpoint is one finding`() {
        let found = check(virtualService(route: canary), [service, deployment("v1"), deployment("v2")])
        #expect(
            found.filter { $0.code.canary == "CAN0807" }.map(\.message) == [
                "all requests to \"helloworld\" will get 503: no endpoint of any destination is ready"
            ]
        )
    }

    @Test func `a subset that nobody carries is an error in validation and a warning in changes`() {
        let others = [service, endpoint("v1"), deployment("v3")]
        let lax = check(virtualService(route: canary), others).first { $0.code.canary == "CAN0804" }
        #expect(lax?.severity == .warning)
        #expect(lax?.hint == "did you mean \"v1\"?")
        let strict = check(virtualService(route: canary), others, asWarnings: false)
        #expect(strict.first { $0.code.canary == "CAN0804" }?.severity == .error)
    }

    @Test func `a defined subset is not implicit`() {
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "subsets": [["name": "v1"], ["name": "v2"]]]]
        )
        #expect(check(virtualService(route: canary), [service, endpoint("v1"), rule]) == [])
        #expect(check(rule, [service]) == [])
        #expect(check(rule, []).summary == ["CAN0813 spec.host"])
    }

    @Test func `unknown hosts and ports are found, with a hint for another namespace`() {
        let route: Node = [["destination": ["host": "helloworld", "port": ["number": 80]]]]
        #expect(
            check(virtualService(route: route), [service, endpoint("v1")]).summary
                == ["CAN0802 spec.http[0].route[0].destination.port.number"]
        )
        let elsewhere = object(.service, "helloworld", namespace: "prod", ["spec": [:]])
        let found = check(virtualService(route: route), [elsewhere])
        #expect(found.summary == ["CAN0801 spec.http[0].route[0].destination.host", "CAN0806 spec.hosts[0]"])
        #expect(
            found.first?.hint
                == "the Service is in namespace \"prod\": write helloworld.prod.svc.cluster.local"
        )
    }

    @Test func `a destination on a Service with several ports needs one`() {
        let two = object(
            .service,
            "helloworld",
            [
                "spec": [
                    "selector": ["app": "helloworld"],
                    "ports": [["name": "http", "port": 80], ["name": "admin", "port": 81]],
                ]
            ]
        )
        let found = check(
            virtualService(route: [["destination": ["host": "helloworld"]]]),
            [two, endpoint("v1")]
        )
        #expect(found.summary.contains("CAN0803 spec.http[0].route[0].destination"))
    }

    @Test func `a Service whose selector nobody carries is found`() {
        #expect(check(service, [deployment("v1")]) == [])
        let found = check(service, [object(.deployment, "other", ["spec": [:]])])
        #expect(found.summary == ["CAN0808 spec.selector"])
    }

    @Test func `Secrets without certificate and key are found`() {
        let tls: Node = ["mode": "SIMPLE", "credentialName": "web"]
        let server: Node = [
            "port": ["number": 443, "name": "https", "protocol": "HTTPS"], "hosts": ["a.example"], "tls": tls,
        ]
        let gateway = object(.gateway, "edge", ["spec": ["servers": [server]]])
        func found(_ data: Node?) -> [String] {
            let secret = data.map { [object(.secret, "web", ["stringData": $0])] } ?? []
            return check(gateway, secret).summary.filter { $0.hasPrefix("CAN0826") }
        }
        let place = "CAN0826 spec.servers[0].tls.credentialName"
        #expect(found(nil) == [place])
        #expect(found(["tls.crt": "x"]) == [place])
        #expect(found(["tls.crt": "x", "tls.key": "y"]) == [])
        #expect(found(["cert": "x", "key": "y"]) == [])
    }

    @Test func `missing gateways, delegates and targets are found`() {
        let body: Node = [
            "spec": [
                "hosts": ["helloworld.example.com"], "gateways": ["front", "mesh"],
                "http": [["delegate": ["name": "team"]]],
            ]
        ]
        let gatewayBound = object(.virtualService, "edge", body)
        #expect(
            check(gatewayBound, []).summary == [
                "CAN0809 spec.gateways[0]", "CAN0812 spec.http[0].delegate",
            ]
        )
        let autoscaler = object(
            .horizontalPodAutoscaler,
            "sample",
            ["spec": ["scaleTargetRef": ["kind": "Deployment", "name": "helloworld-v1"], "maxReplicas": 2]]
        )
        #expect(check(autoscaler, []).summary == ["CAN0811 spec.scaleTargetRef.name"])
        #expect(check(autoscaler, [deployment("v1")]) == [])
    }

    @Test func `hosts that a Gateway serves need no Service, others do`() {
        let gateway = object(
            .gateway,
            "front",
            [
                "spec": [
                    "servers": [["port": ["number": 80, "protocol": "HTTP"], "hosts": ["*.example.com"]]],
                    "selector": ["istio": "ingressgateway"],
                ]
            ]
        )
        let body: Node = [
            "spec": [
                "hosts": ["helloworld.example.com", "helloworld.example.org", "helowrld"],
                "gateways": ["front", "mesh"],
                "http": [["route": [["destination": ["host": "helloworld"]]]]],
            ]
        ]
        let route = object(.virtualService, "edge", body)
        let found = check(route, [gateway, service, endpoint("v1")]).filter { $0.code.canary == "CAN0806" }
        #expect(found.summary == ["CAN0806 spec.hosts[1]", "CAN0806 spec.hosts[2]"])
    }

    @Test(
        arguments: [
            (["app": "helloworld"], "canaryctl register helloworld ADDRESS:PORT -l version=v1"),
            (["app": "helloworld", "version": "v1"], "canaryctl register helloworld ADDRESS:PORT"),
            (["app": "helloworld", "version": "v2"], nil), ([:], nil),
        ] as [([String: String], String?)]
    )
    func `the hint for a share without endpoint names a command that adds one`(
        selector: [String: String],
        command: String?
    ) throws {
        let labels = Node.stringMap(selector)
        let target = object(.service, "helloworld", ["spec": ["selector": labels, "ports": [["port": 80]]]])
        let rule = object(
            .destinationRule,
            "helloworld",
            ["spec": ["host": "helloworld", "subsets": [["name": "stable", "labels": ["version": "v1"]]]]]
        )
        let route: Node = [["destination": ["host": "helloworld", "subset": "stable"]]]
        let found = check(virtualService("front", host: "front.example.com", route: route), [target, rule])
        let finding = try #require(found.first { $0.code.canary == "CAN0807" })
        let isCommand = finding.hint?.hasPrefix("add endpoints with") == true
        let named = finding.hint?.split(separator: "\"").dropFirst().first.map(String.init)
        #expect((isCommand ? named : nil) == command)
    }

    @Test func `two VirtualServices for one host inside the mesh conflict`() {
        let other = virtualService("other", host: "helloworld.default.svc.cluster.local", route: canary)
        let found = check(virtualService(route: canary), [other, service, endpoint("v1"), endpoint("v2")])
        #expect(found.filter { $0.code.istio == "IST0109" }.map(\.path.description) == ["spec.hosts[0]"])
    }

    @Test func `what Kubernetes never changes can't be changed`() {
        func deployment(_ app: String) -> Resource {
            object(.deployment, "sample", ["spec": ["selector": ["matchLabels": ["app": .string(app)]]]])
        }
        #expect(RuleCatalog.checkChange(from: deployment("a"), to: deployment("a")) == [])
        #expect(
            RuleCatalog.checkChange(from: deployment("a"), to: deployment("b")).summary
                == ["CAN0416 spec.selector"]
        )
        func service(_ address: String) -> Resource {
            object(.service, "sample", ["spec": ["clusterIP": .string(address)]])
        }
        #expect(
            RuleCatalog.checkChange(from: service("10.0.0.1"), to: service("10.0.0.2")).summary
                == ["CAN0311 spec.clusterIP"]
        )
        func config(_ value: String) -> Resource {
            object(.configMap, "sample", ["immutable": true, "data": ["a": .string(value)]])
        }
        #expect(RuleCatalog.checkChange(from: config("1"), to: config("2")).summary == ["CAN0907 data"])
    }
}
