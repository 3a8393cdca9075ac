// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

/// What Envoy is told of TLS and TCP; that it does the same by that is tested with Envoy itself.
struct EnvoyTLSExportTests {
    private static func configuration(_ objects: [Resource]) -> EnvoyConfiguration {
        let exporter = EnvoyExporter(
            snapshot: ClusterSnapshot(revision: 1, objects),
            namespace: "default",
            secrets: "/s"
        )
        return exporter.configuration(
            EnvoyConfiguration.Addresses(
                mesh: [EnvoyConfiguration.Address(host: "127.0.0.1", port: 15001)],
                bind: "127.0.0.1",
                admin: EnvoyConfiguration.Address(host: "127.0.0.1", port: 15000)
            )
        )
    }

    private static func gateway(_ servers: Node) -> Resource {
        object(.gateway, "edge", ["spec": ["servers": servers]])
    }

    private static func server(_ host: Node, _ credential: Node) -> Node {
        [
            "port": ["number": 8443, "name": "https", "protocol": "HTTPS"], "hosts": [host],
            "tls": ["mode": "SIMPLE", "credentialName": credential],
        ]
    }

    private static func routes(_ spec: Node) -> Resource {
        var spec = spec
        spec.set(["edge"], at: "gateways")
        spec.set(["*"], at: "hosts")
        return object(.virtualService, "edge", ["spec": spec])
    }

    private static func chains(_ configuration: EnvoyConfiguration, _ name: String) -> [Node] {
        let listeners = configuration.staticBootstrap["static_resources"]?["listeners"]?.items ?? []
        return listeners.first { $0["name"]?.string == name }?["filter_chains"]?.items ?? []
    }

    @Test func `keys are named by their files, and gathered for whoever asks for them`() {
        let secret = object(
            .secret,
            "a",
            ["stringData": ["tls.crt": "CERTIFICATE OF A", "tls.key": "KEY OF A"]]
        )
        let configuration = Self.configuration([
            secret, Self.gateway([Self.server("a.example", "a"), Self.server("b.example", "b")]),
            Self.routes(["http": [["directResponse": ["status": 200]]]]),
        ])
        let chains = Self.chains(configuration, "gateway-8443")
        #expect(chains.count == 1)
        #expect(chains[0]["filter_chain_match"]?["server_names"]?.strings == ["a.example"])
        let tls = chains[0]["transport_socket"]?["typed_config"]?["common_tls_context"]
        let certificate = tls?["tls_certificates"]?.items.first
        #expect(certificate?["certificate_chain"]?["filename"]?.string == "/s/default/a/tls.crt")
        #expect(certificate?["private_key"]?["filename"]?.string == "/s/default/a/tls.key")
        #expect(configuration.files.map(\.path).sorted() == ["default/a/tls.crt", "default/a/tls.key"])
        #expect(!JSONWriter.write(configuration.staticBootstrap).contains(" OF A"))
        #expect(
            configuration.warnings == [
                "Gateway/default/edge, b.example: the server is left out: Secret default/b does not exist, "
                    + "or holds no certificate"
            ]
        )
    }

    @Test func `a port of TCP is a filter for each route, with weights and the addresses that it is for`() {
        let tcp: Node = [
            [
                "match": [["destinationSubnets": ["10.1.0.0/16", "fd00::/8"]]],
                "route": [["destination": ["host": "helloworld", "subset": "v2"]]],
            ],
            [
                "route": [
                    ["destination": ["host": "helloworld", "subset": "v1"], "weight": 90],
                    ["destination": ["host": "helloworld", "subset": "v2"], "weight": 10],
                ]
            ],
        ]
        let configuration = Self.configuration(
            Helloworld.backends + [
                Self.gateway([
                    ["port": ["number": 9000, "name": "tcp", "protocol": "TCP"], "hosts": ["*"]]
                ]), Self.routes(["tcp": tcp]),
            ]
        )
        let chains = Self.chains(configuration, "gateway-9000")
        let ranges = chains.first?["filter_chain_match"]?["prefix_ranges"]?.items ?? []
        #expect(
            ranges.map { "\($0["address_prefix"]?.string ?? "")/\($0["prefix_len"]?.integer ?? -1)" } == [
                "10.1.0.0/16", "fd00:0:0:0:0:0:0:0/8",
            ]
        )
        let proxies = chains.map { $0["filters"]?.items.first?["typed_config"] }
        let host = "helloworld.default.svc.cluster.local"
        #expect(proxies.first??["cluster"]?.string == "outbound|5000|v2|\(host)")
        let weighted = proxies.last??["weighted_clusters"]?["clusters"]?.items ?? []
        #expect(weighted.map { $0["weight"]?.integer } == [90, 10])
        #expect(configuration.clusters.map(\.name).contains("outbound|5000|v1|\(host)"))
        #expect(chains.last?["filter_chain_match"] == nil && chains.count == 2)
    }

    @Test func `of overlapping servers each takes what it is closest to`() {
        let names = EnvoyServerNames([["a.x.example", "*"], ["*.x.example"], ["a.x.example"]])
        #expect(names.closest(to: "a.x.example") == 0)
        #expect(names.closest(to: "b.x.example") == 1)
        #expect(names.closest(to: "*.y.x.example") == 1)
        #expect(names.closest(to: "x.example") == 0)
        #expect(names.part(of: "*", server: 1) == ["*.x.example"])
        #expect(names.part(of: "*.x.example", server: 0) == ["a.x.example"])
        #expect(names.part(of: "a.x.example", server: 1) == [])
        #expect(names.others(within: 1) == ["a.x.example", "a.x.example"])
        #expect(names.takesAll(0) && !names.takesAll(1))
        #expect(EnvoyServerNames([["b.example"]]).closest(to: "bb.example") == nil)
    }
}
