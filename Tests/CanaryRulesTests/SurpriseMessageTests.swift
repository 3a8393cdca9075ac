// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRules

/// What the rules about surprises in one object say: the numbers, and the level.
struct SurpriseMessageTests {
    private func findings(_ route: Node, _ code: String) -> [Diagnostic] {
        let resource = object(.virtualService, "sample", ["spec": ["hosts": ["a"], "http": [route]]])
        let references = RuleCatalog.checkReferences([resource], in: ClusterSnapshot([resource]))
        return (RuleCatalog.checkObject(resource) + references).filter { $0.code.canary == code }
    }

    private func route(_ weights: Int64...) -> Node {
        let entries = weights.enumerated().map { index, weight -> Node in
            let subset = Node.string("v\(index + 1)")
            return ["destination": ["host": "a", "subset": subset], "weight": .integer(weight)]
        }
        return ["route": .sequence(entries)]
    }

    @Test func `true shares are told of weights that are no percentages`() {
        let found = findings(route(40, 20), "CAN1103")
        #expect(
            found.map(\.message) == [
                "the weights sum to 60, not to 100: the shares are v1 66.6667 %, v2 33.3333 %"
            ]
        )
        #expect(found.map(\.severity) == [.info])
        // A ratio is no attempt at percentages.
        #expect(findings(route(2, 1), "CAN1103").isEmpty)
        #expect(findings(route(.max, .max), "CAN1103").map(\.severity).allSatisfy { $0 == .info })
    }

    @Test func `a lone destination of weight 0 is a warning`() {
        #expect(findings(route(10), "CAN1104").map(\.severity) == [.info])
        #expect(findings(route(0), "CAN1104").map(\.severity) == [.warning])
    }

    @Test(arguments: [
        (3, "2s", "2s", "no retry can follow a try that takes 2s: the route's timeout of 2s ends it"),
        (
            5, "2s", "5s",
            "tries that take 2s each leave time for 2 of 5 retries: the route's timeout of 5s covers all tries"
        ),
    ])
    func `the number of retries that fit is told`(attempts: Int64, each: String, all: String, message: String)
    {
        let retries: Node = ["attempts": .integer(attempts), "perTryTimeout": .string(each)]
        let node: Node = [
            "timeout": .string(all), "retries": retries, "route": [["destination": ["host": "a"]]],
        ]
        #expect(findings(node, "CAN1106").map(\.message) == [message])
    }

    @Test func `an enormous number of retries is no crash`() {
        let retries: Node = ["attempts": .integer(.max), "perTryTimeout": "0.000000001s"]
        let node: Node = [
            "timeout": "2562047h", "retries": retries, "route": [["destination": ["host": "a"]]],
        ]
        #expect(findings(node, "CAN1106").count <= 1)
    }

    static let patterns:
        [(pattern: String, literal: String?, first: Character?, isWords: Bool, takesLists: Bool)] = [
            ("user=jason", "user=jason", "u", true, false),
            ("^a\\.b$", "a.b", "a", true, false),
            ("a.b", "a.b", "a", false, false),
            ("\\Qa.*\\E", "a.*", "a", true, false),
            ("(?i)api", nil, "a", true, false),
            ("(?P<x>a|b)", nil, nil, true, false),
            ("a+", nil, "a", false, false),
            ("a{2,3}b", nil, "a", false, false),
            ("a{b", "a{b", "a", true, false),
            ("a?b", nil, nil, true, false),
            ("(a)?b", nil, nil, true, false),
            ("(?:a|b){0,2}c", nil, nil, true, false),
            ("x=[^;]*", nil, "x", false, false),
            ("x=[^,]*", nil, "x", false, true),
            ("x=[!-~]+", nil, "x", false, true),
            ("x=[a-z-]+", nil, "x", false, false),
            ("x=[[:alnum:]]+", nil, "x", false, false),
            ("x=[[:punct:]]+", nil, "x", false, true),
            ("x=[]a]+", nil, "x", false, false),
            ("x=\\S*", nil, "x", false, true),
            ("x=\\d+", nil, "x", false, false),
            (".*x", nil, nil, false, true),
            ("x;y", "x;y", "x", false, true),
            ("(.)*x", nil, nil, false, true),
            ("x([^,]|a)+", nil, nil, false, true),
            ("x([^;]|a)+", nil, nil, false, false),
        ]

    @Test(arguments: patterns)
    func `the shape of a pattern is read`(
        pattern: String,
        literal: String?,
        first: Character?,
        isWords: Bool,
        takesLists: Bool
    ) {
        let shape = PatternShape(pattern)
        #expect(shape.literal == literal)
        #expect(shape.firstCharacter == first?.asciiValue)
        #expect(shape.isWords == isWords)
        #expect(shape.takesLists == takesLists)
    }

    @Test func `the shape of any bytes can be read`() {
        for pattern in ["", "\\", "[", "[^", "[a-", "[[:", "(?", "(", "a{", "a{1", "\\Q", "]", "*"] {
            #expect(PatternShape(pattern).pieces.count <= pattern.utf8.count)
        }
    }

    @Test(arguments: [
        ("^/login", "/login.*"), ("\\A/login", "/login.*"), ("/login$", ".*/login"),
        ("/login\\z", ".*/login"),
    ])
    func `hints about anchors leave them out`(written: String, wanted: String) {
        let match: Node = ["uri": ["regex": .string(written)]]
        let found = findings(["match": [match], "route": [["destination": ["host": "a"]]]], "CAN1105")
        #expect(found.compactMap(\.hint).map { $0.hasPrefix("write \"\(wanted)\" if") } == [true])
    }

    @Test(arguments: [("user=jason", "CAN1105"), ("^(.*?;)?(user=jason)(;.*)?$", "CAN1122")])
    func `hints about cookies work`(written: String, code: String) throws {
        let match: Node = ["headers": ["cookie": ["regex": .string(written)]]]
        let other: Node = ["headers": ["cookie": ["regex": ".*sid=1.*"]]]
        let found = findings(["match": [match, other], "route": [["destination": ["host": "a"]]]], code)
        let hint = try #require(found.first?.hint)
        let pattern = try #require(hint.split(separator: "\"").dropFirst().first.map(String.init))
        let expression = try RegularExpression(pattern)
        for cookie in ["user=jason", "a=1; user=jason", "user=jason; b=2", "a=1; user=jason;b=2"] {
            #expect(expression.matchesWhole(cookie))
        }
        #expect(!expression.matchesWhole("user=jasons"))
    }
}
