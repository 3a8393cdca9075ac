// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

/// The rules that say what istioctl's analyzers say.
struct IstioReferenceTests {
    private func codes(_ changed: Resource, _ others: [Resource]) -> [String] {
        RuleCatalog.checkReferences([changed], in: ClusterSnapshot([changed] + others), asWarnings: false)
            .filter { !["CAN0805", "CAN0806", "CAN0807", "CAN0808"].contains($0.code.canary) }.summary
    }

    private func gateway(
        _ name: String,
        namespace: String = "default",
        selector: Node = ["istio": "ingressgateway"],
        port: Int64 = 80,
        hosts: Node
    ) -> Resource {
        let server: Node = [
            "hosts": hosts, "port": ["number": .integer(port), "name": "http", "protocol": "HTTP"],
        ]
        return object(
            .gateway,
            name,
            namespace: namespace,
            ["spec": ["selector": selector, "servers": [server]]]
        )
    }

    private func service(
        _ name: String,
        namespace: String = "default",
        selector: Node = ["app": "web"],
        ports: Node = [["name": "http", "port": 80]]
    ) -> Resource {
        object(.service, name, namespace: namespace, ["spec": ["selector": selector, "ports": ports]])
    }

    private func deployment(_ labels: Node, annotations: Node = [:]) -> Resource {
        let template: Node = ["metadata": ["labels": labels, "annotations": annotations]]
        return object(.deployment, "web", ["spec": ["template": template]])
    }

    private func virtualService(
        _ name: String = "web",
        namespace: String = "default",
        hosts: Node,
        gateways: Node = [],
        exportTo: Node = [],
        destination: Node = ["host": "web"]
    ) -> Resource {
        object(
            .virtualService,
            name,
            namespace: namespace,
            [
                "spec": [
                    "hosts": hosts, "gateways": gateways, "exportTo": exportTo,
                    "http": [["route": [["destination": destination]]]],
                ]
            ]
        )
    }

    // MARK: Gateways

    @Test func `the built-in ingress gateway is taken for granted`() {
        #expect(codes(gateway("front", hosts: ["*"]), []) == [])
        #expect(
            codes(gateway("front", port: 8004, hosts: ["*"]), [])
                == ["CAN0820 spec.servers[0].port.number"]
        )
        #expect(
            codes(gateway("front", selector: ["istio": "typo"], hosts: ["*"]), []) == [
                "CAN0819 spec.selector"
            ]
        )
        let host: Node = ["host": "istio-ingressgateway.istio-system.svc.cluster.local"]
        #expect(codes(virtualService(hosts: ["a.example.com"], destination: host), []) == [])
    }

    @Test func `a gateway of one's own has the ports of its Service, or their targets`() {
        let own = deployment(["edge": "private"])
        let front = service(
            "front",
            selector: ["edge": "private"],
            ports: [["name": "http", "port": 80, "targetPort": 8003]]
        )
        for port: Int64 in [80, 8003] {
            let gateway = gateway("front", selector: ["edge": "private"], port: port, hosts: ["*"])
            #expect(codes(gateway, [own, front]) == [])
        }
        let other = gateway("front", selector: ["edge": "private"], port: 443, hosts: ["*"])
        #expect(codes(other, [own, front]) == ["CAN0820 spec.servers[0].port.number"])
    }

    @Test func `gateways collide where workload, port and host are the same`() {
        let front = gateway("front", hosts: ["a.example.com", "b.example.com"])
        let conflict = ["CAN0818 spec.servers[0].hosts[1]"]
        #expect(codes(front, [gateway("other", hosts: ["b.example.com"])]) == conflict)
        #expect(codes(front, [gateway("other", hosts: ["*/b.example.com"])]) == conflict)
        #expect(codes(front, [gateway("other", hosts: ["*.example.com"])]) == [])
        #expect(codes(front, [gateway("other", port: 443, hosts: ["b.example.com"])]) == [])
        #expect(
            codes(front, [gateway("other", selector: ["edge": "private"], hosts: ["b.example.com"])]) == []
        )
        let narrow = gateway(
            "other",
            selector: ["istio": "ingressgateway", "edge": "private"],
            hosts: ["b.example.com"]
        )
        #expect(codes(front, [narrow]) == [])
        #expect(
            codes(front, [narrow, deployment(["istio": "ingressgateway", "edge": "private"])]) == conflict
        )
    }

    @Test func `a VirtualService needs a host that each of its gateways serves`() {
        let front = gateway("front", hosts: ["./a.example.com", "*.b.example.com"])
        func found(_ hosts: Node, namespace: String = "default", gateway: String = "front") -> [String] {
            let spec = virtualService(
                namespace: namespace,
                hosts: hosts,
                gateways: [.string(gateway)],
                destination: ["host": "web.default.svc.cluster.local"]
            )
            return codes(spec, [front, service("web")])
        }
        #expect(found(["a.example.com"]) == [])
        #expect(found(["x.b.example.com"]) == [])
        #expect(found(["c.example.com"]) == ["CAN0815 spec.gateways[0]"])
        #expect(
            found(["a.example.com"], namespace: "shop", gateway: "default/front") == [
                "CAN0815 spec.gateways[0]"
            ]
        )
        #expect(found(["a.example.com", "c.example.com"]) == ["CAN0817 spec.hosts[1]"])
        #expect(found(["a.example.com"], gateway: "none") == ["CAN0809 spec.gateways[0]"])
        #expect(
            found(["a.example.com"], gateway: "x-istio-autogenerated-k8s-gateway-http") == [
                "CAN0816 spec.gateways[0]"
            ]
        )
    }

    @Test func `requests from a gateway bypass subsets of the mesh`() {
        let inside = virtualService("inside", hosts: ["web"], destination: ["host": "web", "subset": "v1"])
        let rule = object(
            .destinationRule,
            "web",
            ["spec": ["host": "web", "subsets": [["name": "v1", "labels": ["version": "v1"]]]]]
        )
        let others = [inside, rule, service("web"), gateway("front", hosts: ["a.example.com"])]
        let outside = virtualService(hosts: ["a.example.com"], gateways: ["front"])
        #expect(codes(outside, others) == ["CAN0821 spec.http[0].route[0].destination.host"])
        let split = virtualService(
            hosts: ["a.example.com"],
            gateways: ["front"],
            destination: ["host": "web", "subset": "v1"]
        )
        #expect(codes(split, others) == [])
        #expect(codes(virtualService(hosts: ["b.example.com"]), others) == [])
    }

    // MARK: Subsets and Nodes

    @Test func `a subset is found in Deployments, pods on Nodes and listed endpoints`() {
        func rule(_ labels: Node, host: String = "web") -> Resource {
            object(
                .destinationRule,
                "web",
                ["spec": ["host": .string(host), "subsets": [["name": "some", "labels": labels]]]]
            )
        }
        let nothing = ["CAN0814 spec.subsets[0].labels"]
        let v1 = deployment(["app": "web", "version": "v1"])
        #expect(codes(rule(["version": "v1"]), [service("web"), v1]) == [])
        #expect(codes(rule(["version": "v2"]), [service("web"), v1]) == nothing)
        #expect(codes(rule(["version": "v1"]), [service("web"), deployment(["version": "v1"])]) == nothing)
        let pod = object(.pod, "web", labels: ["app": "web"], ["spec": ["nodeName": "n"]])
        func node(_ region: String) -> Resource {
            object(.node, "n", labels: ["topology.kubernetes.io/region": .string(region)], [:])
        }
        let eu: Node = ["topology.kubernetes.io/region": "eu"]
        #expect(codes(rule(eu), [service("web"), pod, node("eu")]) == [])
        #expect(codes(rule(eu), [service("web"), pod, node("us")]) == nothing)
        #expect(codes(rule(eu), [service("web"), v1, node("us")]) == nothing)
        #expect(codes(rule(eu), [service("web"), v1]) == [])
        let unplaced: Node = ["topology.kubernetes.io/region": ""]
        #expect(codes(rule(unplaced), [service("web"), pod, node("")]) == nothing)
        let entry = object(
            .serviceEntry,
            "api",
            ["spec": ["hosts": ["api.example.com"], "endpoints": [["labels": ["version": "v1"]]]]]
        )
        #expect(codes(rule(["version": "v1"], host: "api.example.com"), [entry]) == [])
        #expect(codes(rule(["version": "v2"], host: "api.example.com"), [entry]) == nothing)
        #expect(codes(rule([:], host: "*.example.com"), [entry]) == [])
        #expect(codes(rule([:], host: "*.example.org"), [entry]) == ["CAN0813 spec.host"])
    }

    // MARK: Hosts

    @Test func `what is exported elsewhere is not found`() {
        let annotated = Resource(
            key: ResourceKey(.service, namespace: "shop", name: "web"),
            body: [
                "metadata": ["annotations": ["networking.istio.io/exportTo": "bank, ."]],
                "spec": ["ports": [["port": 80]]],
            ]
        )
        func found(_ namespace: String, exportTo: Node = []) -> [String] {
            let spec = virtualService(
                namespace: namespace,
                hosts: ["web.shop.svc.cluster.local"],
                exportTo: exportTo,
                destination: ["host": "web.shop.svc.cluster.local"]
            )
            return codes(spec, [annotated])
        }
        let unknown = ["CAN0801 spec.http[0].route[0].destination.host"]
        #expect(found("shop") == [])
        #expect(found("bank") == [])
        #expect(found("default") == unknown)
        #expect(found("shop", exportTo: ["other"]) == unknown)
        #expect(found("default", exportTo: ["other", "bank"]) == [])
    }

    @Test func `hosts inside the mesh conflict only where somebody sees both`() {
        func conflict(_ left: (String, Node), _ right: (String, Node)) -> Bool {
            let one = virtualService(namespace: "foo", hosts: [.string(left.0)], exportTo: left.1)
            let two = virtualService(namespace: "bar", hosts: [.string(right.0)], exportTo: right.1)
            let found = [codes(one, [two]), codes(two, [one])].map { $0.contains("CAN0810 spec.hosts[0]") }
            #expect(found[0] == found[1])
            return found[0]
        }
        #expect(conflict(("*.a.com", []), ("*.a.com", [])))
        #expect(conflict(("web", []), ("web.foo.svc.cluster.local", [])))
        #expect(!conflict(("web", []), ("web", [])))
        #expect(!conflict(("*.a.com", ["foo"]), ("*.a.com", ["."])))
        #expect(conflict(("*.a.com", ["foo"]), ("*.a.com", ["*"])))
        #expect(conflict(("*.b.a.com", ["."]), ("*.a.com", ["*"])))
        #expect(!conflict(("*.b.a.com", []), ("*.a.com", ["*"])))
    }

    @Test func `ServiceEntries conflict where a port has two protocols`() {
        func entry(_ namespace: String, _ name: String, exportTo: Node = []) -> Resource {
            let port: Node = ["number": 80, "name": "web", "protocol": .string(name)]
            let spec: Node = ["hosts": ["a.com"], "ports": [port], "exportTo": exportTo]
            return object(.serviceEntry, name.lowercased(), namespace: namespace, ["spec": spec])
        }
        let conflict = ["CAN0824 spec.ports[0].protocol"]
        #expect(codes(entry("a", "HTTP"), [entry("b", "TLS")]) == conflict)
        #expect(codes(entry("a", "HTTP"), [entry("b", "http")]) == [])
        #expect(codes(entry("a", "HTTP", exportTo: ["."]), [entry("b", "TLS", exportTo: ["."])]) == [])
        #expect(codes(entry("a", "HTTP", exportTo: ["."]), [entry("b", "TLS", exportTo: ["a"])]) == conflict)
    }

    // MARK: Deployments

    @Test func `Services of one Deployment may not contradict each other`() {
        let web = deployment(["app": "web", "version": "v1"])
        func ports(_ port: Int64, _ target: Int64, _ transport: String = "TCP") -> Node {
            [
                [
                    "name": "a", "port": .integer(port), "targetPort": .integer(target),
                    "protocol": .string(transport),
                ]
            ]
        }
        let one = service("one", ports: ports(80, 8080))
        #expect(codes(web, [one, service("two", ports: ports(80, 8080))]) == [])
        #expect(
            codes(web, [one, service("two", ports: ports(80, 8080, "UDP"))]) == ["CAN0822 metadata.name"]
        )
        let both = [one, service("two", ports: ports(81, 8080))]
        #expect(codes(web, both) == ["CAN0823 metadata.name"])
        #expect(codes(web, [one, service("two", namespace: "shop", ports: ports(81, 8080))]) == [])
        let out = deployment(
            ["app": "web", "version": "v1"],
            annotations: ["sidecar.istio.io/inject": "false"]
        )
        #expect(codes(out, both) == [])
        #expect(codes(web, both + [object(.namespace, "default", [:])]) == [])
        let injected = object(.namespace, "default", labels: ["istio-injection": "enabled"], [:])
        #expect(codes(web, both + [injected]) == ["CAN0823 metadata.name"])
    }

    @Test func `pods behind a Service should tell their version`() {
        let finding = ["CAN0825 spec.template.metadata.labels"]
        let split = virtualService(
            hosts: ["one"],
            gateways: ["mesh"],
            destination: ["host": "one", "subset": "v1"]
        )
        #expect(codes(deployment(["app": "web"]), [service("one"), split]) == finding)
        // To others than routes the labels do not matter.
        #expect(codes(deployment(["app": "web"]), [service("one")]) == [])
        #expect(codes(deployment(["app": "web", "version": "v1"]), [service("one")]) == [])
        let recommended: Node = [
            "app.kubernetes.io/name": "web", "app.kubernetes.io/version": "1", "app": "web",
        ]
        #expect(codes(deployment(recommended), [service("one")]) == [])
        #expect(codes(deployment(["app": "web"]), []) == [])
        #expect(codes(deployment(["app": "web"]), [service("one", namespace: "shop")]) == [])
        let out = deployment(["app": "web"], annotations: ["sidecar.istio.io/inject": "false"])
        #expect(codes(out, [service("one")]) == [])
    }
}
