// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources

/// What of the configuration depends on more than one route; that Envoy takes it and does the same is tested with Envoy itself.
struct EnvoyExporterTests {
    private static func configuration(_ objects: [Resource]) -> EnvoyConfiguration {
        EnvoyExporter(snapshot: ClusterSnapshot(revision: 1, objects), namespace: "default").configuration(
            EnvoyConfiguration.Addresses(
                mesh: [EnvoyConfiguration.Address(host: "127.0.0.1", port: 15001)],
                bind: "127.0.0.1",
                admin: EnvoyConfiguration.Address(host: "127.0.0.1", port: 15000)
            )
        )
    }

    private static func twoPorts(_ http: Node) -> [Resource] {
        let ports: Node = [["port": 80, "name": "http"], ["port": 8080, "name": "other"]]
        return [
            object(
                .service,
                "helloworld",
                ["spec": ["selector": ["app": "helloworld"], "ports": ports]]
            ), Helloworld.entry("v1", port: 9081), Helloworld.routes(http),
        ]
    }

    private static func routes(_ configuration: EnvoyConfiguration) -> [Node] {
        configuration.routes[0].virtualHosts[0]["routes"]?.items ?? []
    }

    @Test func `a route whose destination depends on the port is one route for each`() {
        let configuration = Self.configuration(
            Self.twoPorts([["route": [["destination": ["host": "helloworld"]]]]])
        )
        let routes = Self.routes(configuration)
        #expect(
            routes.map { $0["route"]?["cluster"]?.string } == [
                "outbound|80||helloworld.default.svc.cluster.local",
                "outbound|8080||helloworld.default.svc.cluster.local",
            ]
        )
        let conditions = routes.map { $0["match"]?["headers"]?.items.first }
        #expect(conditions[0]?["invert_match"]?.bool == true)
        #expect(conditions[1]?["string_match"]?["safe_regex"]?["regex"]?.string == ".*:0*(?:8080)")
    }

    @Test func `a route that does not depend on the port is one`() {
        let routes = Self.routes(Self.configuration(Self.twoPorts([["directResponse": ["status": 200]]])))
        #expect(routes.count == 1)
        #expect(routes[0]["match"]?["headers"] == nil)
    }

    @Test func `a name that two hosts claim goes to one of them`() {
        let objects = [
            Helloworld.service(),
            object(
                .virtualService,
                "other",
                [
                    "spec": [
                        "hosts": ["helloworld.default", "*.default"],
                        "http": [["directResponse": ["status": 200]]],
                    ]
                ]
            ),
        ]
        let hosts = Self.configuration(objects).routes[0].virtualHosts
        let domains = hosts.flatMap { $0["domains"]?.strings ?? [] }
        #expect(Set(domains).count == domains.count)
        let owner = hosts.first { $0["domains"]?.strings.contains("helloworld.default") ?? false }
        #expect(owner?["name"]?.string == "helloworld.default")
        #expect(domains.contains("*.default"))
    }

    @Test func `files are named after clusters, and none twice`() {
        let objects =
            Helloworld.backends + [
                Helloworld.routes([["route": Helloworld.split(["v1": 1, "v2": 1])]])
            ]
        let files = EnvoyDiscovery(Self.configuration(objects), directory: "/etc/envoy").files
        #expect(
            files.map(\.name) == [
                "eds-outbound_5000_v1_helloworld.default.svc.cluster.local.json",
                "eds-outbound_5000_v2_helloworld.default.svc.cluster.local.json", "cds.json", "rds-mesh.json",
                "lds.json", "bootstrap.json",
            ]
        )
        let source = files[2].content["resources"]?.items.first?["eds_cluster_config"]?["eds_config"]
        let path = source?["path_config_source"]?["path"]?.string
        #expect(path == "/etc/envoy/\(files[0].name)")
    }

    @Test func `weights that are too large together keep their proportions`() {
        let weights = Helloworld.split(["v1": 2_147_483_647, "v2": 2_147_483_647, "v3": 1_073_741_824])
        let configuration = Self.configuration(
            Helloworld.backends + [Helloworld.routes([["route": weights]])]
        )
        let clusters = Self.routes(configuration)[0]["route"]?["weighted_clusters"]?["clusters"]?.items ?? []
        let exported = clusters.compactMap { $0["weight"]?.integer }
        #expect(exported == [1_073_741_823, 1_073_741_823, 536_870_912])
        #expect(configuration.warnings.contains { $0.contains("weights are too large") })
    }
}
