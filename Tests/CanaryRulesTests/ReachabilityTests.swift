// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRules

/// Which match blocks cover which, and that the routing table agrees.
struct ReachabilityTests {
    static let pairs: [(Node, Node, Bool)] = [
        ([:], ["uri": ["exact": "/a"]], true),
        (["uri": ["exact": "/a"]], [:], false),
        (["uri": ["prefix": "/"]], ["method": ["exact": "GET"]], true),
        (["uri": ["prefix": "/a"]], ["uri": ["exact": "/a/b"]], true),
        (["uri": ["prefix": "/a"]], ["uri": ["prefix": "/b"]], false),
        (["uri": ["prefix": "/A"], "ignoreUriCase": true], ["uri": ["prefix": "/ab"]], true),
        (["uri": ["prefix": "/a"]], ["uri": ["prefix": "/ab"], "ignoreUriCase": true], false),
        (["uri": ["prefix": "/Ä"], "ignoreUriCase": true], ["uri": ["exact": "/ä"]], false),
        (["uri": ["exact": "/e\u{301}"]], ["uri": ["exact": "/\u{e9}"]], false),
        (["uri": ["regex": "/.*"]], ["uri": ["regex": "x|y"]], true),
        (["uri": ["regex": "/[ab]"]], ["uri": ["exact": "/b"]], true),
        (["uri": ["regex": "/a.*"]], ["uri": ["prefix": "/ab"]], false),
        (["uri": ["regex": "/a.*"]], ["uri": ["prefix": "/a"]], true),
        (["uri": ["regex": "/b|/a.*"]], ["uri": ["prefix": "/b"]], false),
        (["uri": ["regex": "/a$.*"]], ["uri": ["prefix": "/a"]], false),
        (["uri": ["regex": "\\Q/a.*"]], ["uri": ["prefix": "/a"]], false),
        (["headers": ["X": [:]]], ["headers": ["x": ["exact": "1"], "y": ["exact": "2"]]], true),
        (["withoutHeaders": ["x": ["prefix": "ab"]]], ["withoutHeaders": ["x": ["prefix": "a"]]], true),
        (["withoutHeaders": ["x": ["prefix": "a"]]], ["withoutHeaders": ["x": ["prefix": "ab"]]], false),
        (["withoutHeaders": ["x": [:]]], ["withoutHeaders": ["x": ["exact": ""]]], false),
        (["queryParams": ["q": ["prefix": "1"]]], ["queryParams": ["q": ["exact": "12"]]], true),
        (["port": 80], ["uri": ["exact": "/"]], false),
        (["gateways": ["a", "b"]], ["gateways": ["b"]], true),
        (["gateways": ["a"]], [:], false),
        (["sourceLabels": ["a": "1"]], ["sourceLabels": ["a": "1", "b": "2"]], true),
        (["sourceLabels": ["a": "1"]], ["sourceLabels": ["a": "1"], "gateways": ["mesh"]], false),
        (["sourceNamespace": "x"], ["sourceNamespace": "y"], false),
    ]

    @Test(arguments: pairs)
    func `a block covers another or not`(earlier: Node, later: Node, covers: Bool) {
        let scopes = (MatchScope(HTTPMatch(earlier)), MatchScope(HTTPMatch(later)))
        #expect(scopes.0.covers(scopes.1, PatternCache()) == covers)
    }

    @Test func `what a delegate leaves over reaches the routes below`() {
        let routes: [Node] = [["delegate": ["name": "leaf"]], ["directResponse": ["status": 200]]]
        #expect(RouteCoverage(http: Located(root: .sequence(routes)).items).findings.isEmpty)
    }

    @Test func `null routes count in the numbers`() {
        let routes: [Node] = [nil, ["directResponse": ["status": 200]], ["directResponse": ["status": 201]]]
        let coverage = RouteCoverage(http: Located(root: .sequence(routes)).items)
        #expect(coverage.deadRoutes == [2])
        #expect(coverage.findings.map(\.taker.label) == ["route 1"])
    }

    @Test func `no request is ever routed to what is called unreachable`() {
        var random = Draws(numbers: SeededGenerator(seed: 7))
        var dead = 0
        for _ in 0..<300 {
            let routes = (0..<6).map { _ -> Node in
                [
                    "match": .sequence((0..<random.below(2) + 1).map { _ in random.block() }),
                    "directResponse": ["status": 200],
                ]
            }
            let coverage = RouteCoverage(http: Located(root: .sequence(routes)).items)
            guard !coverage.findings.isEmpty else { continue }
            dead += coverage.deadRoutes.count
            // A second table with each block as a route of its own shows which block wins.
            let blocks = routes.flatMap { $0["match"]?.items ?? [] }
            let single = RouteCoverage(
                http: blocks.map { Located(root: ["match": .sequence([$0])]) }
            )
            let whole = Router(
                [Helloworld.service(), Helloworld.routes(.sequence(routes))],
                labels: ["app": "web"]
            )
            let split = Router(
                [
                    Helloworld.service(),
                    Helloworld.routes(
                        .sequence(
                            blocks.map { ["match": .sequence([$0]), "directResponse": ["status": 200]] }
                        )
                    ),
                ],
                labels: ["app": "web"]
            )
            for _ in 0..<40 {
                let target = random.path() + ["", "?q=1", "?q=12"][random.below(3)]
                let method = ["GET", "POST"][random.below(2)]
                let value = ["", "1", "12", "2"][random.below(4)]
                let headers: KeyValuePairs<String, String> = random.below(3) == 0 ? [:] : ["X": value]
                let answer = whole.ask("helloworld", target, method: method, headers: headers).route
                #expect(!coverage.deadRoutes.contains(answer))
                let block = split.ask("helloworld", target, method: method, headers: headers).route
                #expect(!single.deadRoutes.contains(block))
            }
        }
        #expect(dead > 50)
    }

    /// Random blocks and requests out of few words, so that they often meet.
    struct Draws {
        var numbers: SeededGenerator

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &numbers) }

        mutating func path() -> String { ["/", "/a", "/ab", "/A", "/a/b", "/b"][below(6)] }

        mutating func block() -> Node {
            var block: Node = [:]
            if below(4) > 0 {
                let patterns = ["/.*", "/a.*", "/[ab]", "/b|/a.*", "/a/?.*"]
                let tests: [Node] = [
                    ["exact": .string(path())], ["prefix": .string(path())],
                    ["regex": .string(patterns[below(patterns.count)])],
                ]
                block.set(tests[below(3)], at: "uri")
                if below(3) == 0 { block.set(true, at: "ignoreUriCase") }
            }
            let texts: [Node] = [[:], ["exact": "1"], ["prefix": "1"], ["regex": "1.*"], ["exact": ""]]
            if below(4) == 0 { block.set(["exact": "GET"], at: "method") }
            if below(3) == 0 { block.set(texts[below(5)], at: "headers", "x") }
            if below(4) == 0 { block.set(texts[below(5)], at: "withoutHeaders", "x") }
            if below(5) == 0 { block.set(texts[below(5)], at: "queryParams", "q") }
            if below(6) == 0 { block.set(["app": "web"], at: "sourceLabels") }
            if below(6) == 0 { block.set(["mesh"], at: "gateways") }
            if below(8) == 0 { block.set(["other"], at: "gateways") }
            return block
        }
    }
}
