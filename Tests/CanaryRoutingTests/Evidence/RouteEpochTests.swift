// SPDX-License-Identifier: Apache-2.0

import CanaryRouting
import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources

/// Which changes of a VirtualService go on with what was counted, and which begin anew.
struct RouteEpochTests {
    private static let a: Node = [
        "name": "a", "match": [["headers": ["x": ["exact": "1"]]]],
        "route": Helloworld.split(["v1": 90, "v2": 10]),
    ]
    private static let unnamed: Node = [
        "match": [["uri": ["prefix": "/u"]], ["method": ["exact": "PUT"]]],
        "route": Helloworld.split(["v1": 50, "v2": 50]),
    ]
    private static let rest: Node = ["route": [["destination": ["host": "helloworld"]]]]

    /// The epochs after a change: `same` for those that go on, in the order of the new routes.
    private func epochs(_ before: Node, _ after: Node, annotations: [Node] = [[:], [:]]) -> [Int64] {
        var objects = [before, after].map { Helloworld.routes($0) }
        for index in objects.indices {
            var body = objects[index].body
            body.set(annotations[index], at: "metadata", "annotations")
            objects[index] = Resource(key: objects[index].key, body: body)
        }
        let old = objects[0].created(9, routes: before.items.indices.map { Int64($0) + 1 })
        let commit = RouteEpoch(revision: 99, commit: "new")
        return RouteEpochs.after(change: old, to: objects[1], commit: commit).map(\.revision)
    }

    private func changed(_ route: Node, _ change: (inout Node) -> Void) -> Node {
        var copy = route
        change(&copy)
        return copy
    }

    @Test func `new objects begin with the commit that makes them`() {
        let commit = RouteEpoch(revision: 3, commit: "c")
        let object = Helloworld.routes([Self.a, Self.rest])
        #expect(RouteEpochs.after(change: nil, to: object, commit: commit) == [commit, commit])
        #expect(RouteEpochs.after(change: nil, to: Helloworld.service(), commit: commit).isEmpty)
    }

    @Test func `routes keep theirs wherever they stand`() {
        let all: Node = [Self.a, Self.unnamed, Self.rest]
        #expect(epochs(all, all) == [1, 2, 3])
        #expect(epochs(all, [Self.unnamed, Self.rest, Self.a]) == [2, 3, 1])
        let new = changed(Self.a) { $0.set("new", at: "name") }
        #expect(epochs(all, [new, Self.a, Self.unnamed, Self.rest]) == [99, 1, 2, 3])
        #expect(epochs(all, [Self.rest]) == [3])
    }

    @Test func `what does not concern the split changes nothing`() {
        let changes: [(inout Node) -> Void] = [
            { $0.set("5s", at: "timeout") },
            { $0.set(["request": ["set": ["a": "b"]]], at: "headers") },
            { $0.set(["uri": "/x"], at: "rewrite") },
            { $0.set(["attempts": 3], at: "retries") },
            { $0.set(["host": "other"], at: "mirror") },
        ]
        for change in changes {
            #expect(
                epochs([Self.a, Self.unnamed], [changed(Self.a, change), changed(Self.unnamed, change)]) == [
                    1, 2,
                ]
            )
        }
        // Its name is what it is known by; without one, its conditions, in whatever order they are written.
        #expect(epochs([Self.a], [changed(Self.a) { $0.set([["uri": ["exact": "/"]]], at: "match") }]) == [1])
        let turned = changed(Self.unnamed) {
            $0.set([["method": ["exact": "PUT"], "name": "put"], ["uri": ["prefix": "/u"]]], at: "match")
        }
        #expect(epochs([Self.unnamed], [turned]) == [1])
        let reordered = changed(Self.a) { $0.set(Helloworld.split(["v2": 10, "v1": 90]), at: "route") }
        #expect(epochs([Self.a], [reordered]) == [1])
        let full = changed(Self.rest) {
            $0.set(
                [["destination": ["host": "helloworld.default.svc.cluster.local"], "weight": 7]],
                at: "route"
            )
        }
        #expect(epochs([Self.rest], [full]) == [1])
    }

    @Test func `another split begins anew`() {
        let splits: [Node] = [
            Helloworld.split(["v1": 80, "v2": 20]), Helloworld.split(["v1": 10, "v2": 90]),
            Helloworld.split(["v1": 90, "v3": 10]), Helloworld.split(["v1": 90, "v2": 10, "v3": 0]),
            Helloworld.split(["v1": 1]), [["destination": ["host": "helloworld", "port": ["number": 1]]]],
        ]
        for split in splits {
            #expect(
                epochs([Self.a, Self.rest], [changed(Self.a) { $0.set(split, at: "route") }, Self.rest]) == [
                    99, 2,
                ]
            )
        }
        let redirect = changed(Self.a) {
            $0.set(nil, at: "route")
            $0.set(["uri": "/"], at: "redirect")
        }
        #expect(epochs([Self.a], [redirect]) == [99])
        #expect(epochs([redirect], [changed(redirect) { $0.set(["uri": "/b"], at: "redirect") }]) == [1])
        let other = changed(Self.unnamed) { $0.set([["uri": ["prefix": "/other"]]], at: "match") }
        #expect(epochs([Self.unnamed], [other]) == [99])
        let renamed = changed(Self.a) { $0.set("b", at: "name") }
        #expect(epochs([Self.a], [renamed]) == [99])
        // Another salt draws the users anew.
        let salts: [Node] = [[:], [.init(StickySalt.annotation): "x"]]
        #expect(epochs([Self.a], [Self.a], annotations: salts) == [99])
        #expect(epochs([Self.a], [Self.a], annotations: [[:], ["note": "x"]]) == [1])
    }

    @Test func `routes that nothing tells apart are told apart by their order`() {
        let first = changed(Self.a) { $0.set(Helloworld.split(["v1": 1, "v2": 1]), at: "route") }
        #expect(epochs([first, Self.a], [first, Self.a]) == [1, 2])
        #expect(epochs([first, Self.a], [Self.a, first]) == [99, 99])
        let object = Helloworld.routes([
            Self.a, Self.a, Self.rest, Self.rest, changed(Self.a) { $0.set("2 name:a", at: "name") },
        ])
        let identities = object.virtualService?.http.map(\.identity) ?? []
        #expect(identities == ["name:a", "2 name:a", "any", "2 any", "name:2 name:a"])
    }

    @Test func `names of other bytes are other names`() {
        let composed = changed(Self.a) { $0.set("\u{E9}", at: "name") }
        let decomposed = changed(Self.a) { $0.set("e\u{301}", at: "name") }
        #expect(epochs([composed], [decomposed]) == [99])
        #expect(epochs([composed], [composed]) == [1])
    }

    @Test func `a delegate's route has its own epoch and an identity behind each that delegates to it`() {
        let leaf = object(
            .virtualService,
            "leaf",
            ["spec": ["http": [["name": "x", "route": Helloworld.split(["v1": 1, "v2": 1])], Self.rest]]]
        ).created(4, routes: [4, 8])
        let root = Helloworld.routes([
            ["name": "in", "match": [["uri": ["prefix": "/in"]]], "delegate": ["name": "leaf"]],
            ["match": [["uri": ["prefix": "/too"]]], "delegate": ["name": "leaf"]], Self.rest,
        ]).created(6, routes: [5, 9, 6])
        let routes = ClusterSnapshot([leaf, root]).effectiveRoutes(of: root)
        #expect(routes.map(\.epoch.commit) == ["c5", "c8", "c9", "c9", "c6"])
        #expect(Set(routes.map(\.identity)).count == 5)
        #expect(routes[0].identity == "name:in > uid name:x" && routes[4].identity == "any")
        let keys = routes[0].evidenceKeys(store: "s", host: "h")
        #expect(keys.map(\.destination) == ["\(Helloworld.host)|v1|", "\(Helloworld.host)|v2|"])
        #expect(keys.allSatisfy { $0.store == "s" && $0.host == "h" && $0.owner == "uid" })
    }

    @Test func `a destination that is listed twice has two keys`() {
        let route = Helloworld.routes([["route": Helloworld.split(["v1": 1, "v2": 2])], Self.rest])
        var body = route.body
        body.set(
            [
                [
                    "route": .sequence(
                        Helloworld.split(["v1": 1, "v2": 2]).items + Helloworld.split(["v1": 3]).items
                    )
                ]
            ],
            at: "spec",
            "http"
        )
        let object = Resource(key: route.key, body: body)
        let keys = ClusterSnapshot([object]).effectiveRoutes(of: object)[0].evidenceKeys(store: "", host: "h")
        #expect(Set(keys.map(\.destination)).count == 3)
    }

    @Test func `TCP routes keep theirs through what does not concern their split`() {
        func object(_ http: Node, _ tcp: Node) -> Resource {
            var object = Helloworld.routes(http)
            var body = object.body
            body.set(tcp, at: "spec", "tcp")
            object = Resource(key: object.key, body: body)
            return object
        }
        let first: Node = ["match": [["port": 1]], "route": Helloworld.split(["v1": 90, "v2": 10])]
        let second: Node = ["route": Helloworld.split(["v1": 1])]
        let before = object([Self.a], [first, second]).created(9, routes: [1, 2, 3])
        #expect(
            before.connectionEpoch(.tcp, 0).commit == "c2" && before.connectionEpoch(.tcp, 1).commit == "c3"
        )
        let commit = RouteEpoch(revision: 99, commit: "new")
        func epochs(_ http: Node, _ tcp: Node) -> [Int64] {
            RouteEpochs.after(change: before, to: object(http, tcp), commit: commit).map(\.revision)
        }
        #expect(epochs([Self.a], [first, second]) == [1, 2, 3])
        #expect(epochs([Self.rest, Self.a], [second, first]) == [99, 1, 3, 2])
        #expect(epochs([], [second]) == [3])
        let shifted = changed(first) { $0.set(Helloworld.split(["v1": 80, "v2": 20]), at: "route") }
        #expect(epochs([Self.a], [shifted, second]) == [1, 99, 3])
        // What an older version stored names no commit for them.
        let old = object([Self.a], [first]).created(9, routes: [1])
        #expect(old.connectionEpoch(.tcp, 0) == RouteEpoch(revision: 9, commit: "uid"))
    }
}
