// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct RoutingTableBuilderTests {
    static let hosts = ["helloworld", "other", "a.test", "b.a.test", "helloworld.default"]
    static let paths = ["/", "/x", "/api"]

    /// Everything that can be asked, for comparing tables.
    private func answers(_ router: Router) -> [Router.Answer] {
        let listeners = router.builder.table().listeners.count
        return (0..<listeners).flatMap { listener in
            Self.hosts.flatMap { host in
                Self.paths.map { router.ask(host, $0, listener: Int32(listener), random: 1 << 40) }
            }
        }
    }

    /// A pool of objects that all touch each other, in several forms each.
    static let pool: [[Resource]] = [
        [
            Helloworld.service(),
            object(
                .service,
                "helloworld",
                [
                    "spec": [
                        "type": "NodePort", "selector": ["app": "helloworld"],
                        "ports": [["port": 80, "nodePort": 30080]],
                    ]
                ]
            ),
        ],
        [Helloworld.service("other")],
        [Helloworld.entry("v1", port: 9081), Helloworld.entry("v2", port: 9081)],
        [Helloworld.entry("v2", "10.0.0.2", port: 9082), Helloworld.entry("v2", "10.0.0.3", port: 9082)],
        [Helloworld.deployment("v2")],
        [
            Helloworld.routes([["route": Helloworld.split(["v1": 50, "v2": 50])]]),
            Helloworld.routes(
                [["route": Helloworld.split(["v1": 0, "v2": 50])]],
                hosts: ["helloworld", "a.test"]
            ),
            Helloworld.routes(
                [["match": [["uri": ["prefix": "/x"]]], "delegate": ["name": "leaf"]]],
                hosts: ["helloworld", "*.a.test"]
            ),
            Helloworld.routes(
                [["route": Helloworld.split(["v2": 1])]],
                hosts: ["a.test"],
                gateways: ["edge", "mesh"]
            ),
        ],
        [
            object(.virtualService, "leaf", ["spec": ["http": [["route": Helloworld.split(["v2": 1])]]]]),
            object(.virtualService, "leaf", ["spec": ["http": [["directResponse": ["status": 200]]]]]),
        ],
        [
            object(
                .virtualService,
                "wide",
                [
                    "spec": [
                        "hosts": ["*.default.svc.cluster.local"],
                        "http": [
                            ["match": [["uri": ["exact": "/api"]]], "redirect": ["uri": "/w"]],
                            ["route": [["destination": ["host": "other"]]]],
                        ],
                    ]
                ]
            )
        ],
        [
            object(
                .destinationRule,
                "rule",
                ["spec": ["host": "helloworld", "subsets": [["name": "v2", "labels": ["version": "v1"]]]]]
            ),
            object(
                .destinationRule,
                "rule",
                ["spec": ["host": "*.cluster.local", "subsets": [["name": "v1", "labels": [:]]]]]
            ),
        ],
        [
            object(
                .serviceEntry,
                "entry",
                [
                    "spec": [
                        "hosts": ["b.a.test"], "resolution": "STATIC",
                        "ports": [["number": 80, "name": "http"]],
                        "workloadSelector": ["labels": ["app": "helloworld"]],
                    ]
                ]
            )
        ],
        [
            object(
                .gateway,
                "edge",
                [
                    "spec": [
                        "servers": [
                            ["port": ["number": 8080, "name": "http", "protocol": "HTTP"], "hosts": ["*"]]
                        ]
                    ]
                ]
            ),
            object(
                .gateway,
                "edge",
                [
                    "spec": [
                        "servers": [
                            [
                                "port": ["number": 8080, "name": "http", "protocol": "HTTP"],
                                "hosts": ["shop/*"],
                            ]
                        ]
                    ]
                ]
            ),
        ],
        [
            object(
                .endpoints,
                "other",
                ["subsets": [["addresses": [["ip": "10.5.0.1"]], "ports": [["port": 80]]]]]
            )
        ],
    ]

    @Test(arguments: 0..<12)
    func `changes give the table that a fresh start gives`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var router = Router([])
        var present: [ResourceKey: Resource] = [:]
        for revision in 1...40 {
            var changed: [Resource] = []
            var removed: [ResourceKey] = []
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                guard let form = Self.pool.randomElement(using: &random)?.randomElement(using: &random),
                    !changed.contains(where: { $0.key == form.key }), !removed.contains(form.key)
                else { continue }
                if present[form.key] != nil, Int.random(in: 0...2, using: &random) == 0 {
                    removed.append(form.key)
                    present[form.key] = nil
                } else {
                    changed.append(form)
                    present[form.key] = form
                }
            }
            router.builder.apply(changed: changed, removed: removed, revision: Int64(revision))
            let wanted = answers(Router(Array(present.values)))
            let differing = zip(answers(router), wanted).filter { $0 != $1 }.map { "\($0) instead of \($1)" }
            #expect(differing.first == nil, "revision \(revision): \(changed.map(\.key)) \(removed)")
        }
    }

    @Test func `a table keeps working after the next one was made`() {
        var builder = Router(Helloworld.backends).builder
        let arena = RoutingArena()
        let authority = arena.store("helloworld")
        let old = builder.table()
        builder.apply(changed: [], removed: Helloworld.backends.map(\.key), revision: 2)
        let new = builder.table()
        #expect(new.virtualHost(listener: 0, authority: authority) == nil)
        let route = old.virtualHost(listener: 0, authority: authority)?.route(for: RequestFacts())
        #expect(route?.destination(for: RequestFacts(), random: 0)?.endpoints.count == 2)
        #expect((old.revision, new.revision) == (1, 2))
        withExtendedLifetime((old, arena)) {}
    }

    @Test func `thousands of hosts are found and shared between tables`() {
        let services = (0..<3000).map { Helloworld.service("s\($0)") }
        var builder = Router(services).builder
        let table = builder.table()
        #expect(table.hosts(listener: 0).count == 3000)
        let arena = RoutingArena()
        func record(_ table: RoutingTable, _ host: String) -> Borrowed<VirtualHostRecord>? {
            table.virtualHost(listener: 0, authority: arena.store(host))?.record
        }
        builder.apply(changed: [services[7]], removed: [services[8].key], revision: 2)
        let next = builder.table()
        for index in 0..<3000 {
            let (old, new) = (record(table, "s\(index)"), record(next, "s\(index).default"))
            #expect(old != nil)
            #expect(index == 8 ? new == nil : (old == new) == (index != 7))
        }
        withExtendedLifetime((table, next)) {}
    }
}
