// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryResources
@testable import CanaryRules

struct RouteTesterTests {
    private static func cases(_ tests: Node...) throws -> [RouteTestCase] {
        let (cases, diagnostics) = RouteTestCase.read(["testCases": .sequence(tests)], file: "t.yaml")
        #expect(diagnostics.map(\.message) == [])
        return cases
    }

    private static func passes(_ test: Node, _ objects: [Resource], isForIstio: Bool = false) throws -> Bool {
        let tester = RouteTester(
            snapshot: ClusterSnapshot(objects),
            namespace: "default",
            namespaceIsExplicit: false,
            isForIstio: isForIstio
        )
        return tester.run(try #require(try cases(test).first)).isPassed
    }

    @Test func `every type that the format borrows from Istio is there`() throws {
        let table = SchemaFields(RouteTestFields.table)
        for name in ["RouteTestCase", "RouteTestFile", "RouteTestRequest", "RouteTestUpstream"] {
            let type = try #require(table.type(named: name))
            #expect(type.fields.filter { $0.element == .any }.map(\.name) == [])
        }
        let route = RouteTestFields.table.types.indices.map(table.type)
            .first { $0.field("corsPolicy") != nil && $0.field("match") != nil }
        let test = table.type(named: "RouteTestCase")
        for field in [
            "corsPolicy", "delegate", "directResponse", "fault", "headers", "mirror", "redirect", "route",
        ] {
            #expect(test?.field(field)?.element == route?.field(field)?.element, "\(field)")
        }
    }

    @Test func `requests are every combination of the lists`() throws {
        let test = try #require(
            try Self.cases([
                "request": [
                    "authority": ["a", "b"], "method": ["GET", "PUT"], "uri": ["/x?y=1", "/z"],
                    "queryParams": ["k": "1&2", "none": nil], "headers": ["X-User": "ada"],
                ]
            ]).first
        )
        #expect(test.requests.count == 8)
        #expect(test.requests.map(\.authority).filter { $0 == "a" }.count == 4)
        #expect(test.requests[0].query == "y=1&k=1%262&none=")
        #expect(test.requests[7].query == "k=1%262&none=")
        #expect(test.requests[0].headers.map(\.name) == ["x-user"])
    }

    @Test func `too many requests are refused`() {
        let many = Node.sequence((0..<200).map { .string("/\($0)") })
        let names = Node.sequence((0..<200).map { .string("host-\($0)") })
        let document: Node = ["testCases": [["request": ["authority": names, "uri": many]]]]
        let (cases, diagnostics) = RouteTestCase.read(document, file: "t.yaml")
        #expect(cases.isEmpty)
        #expect(diagnostics.map(\.message) == ["the test stands for more than 10000 requests"])
    }

    private static let destinations: [(Node, Bool)] = [
        (["weight": 0, "destination": ["host": "helloworld"]], true),
        (["destination": ["host": "helloworld.default.svc.cluster.local"]], true),
        (["destination": ["host": "helloworld", "subset": ""]], true),
        (["destination": ["host": "helloworld"], "weight": 100], false),
        (["destination": ["host": "helloworld", "subset": "v1"]], false),
        (["destination": ["host": "other"]], false),
    ]

    @Test(arguments: destinations)
    func `parts of routes are compared as messages, hosts as full names`(destination: Node, isEqual: Bool)
        throws
    {
        let routes = Helloworld.routes([["route": [["destination": ["host": "helloworld"]]]]])
        let request: Node = ["authority": ["helloworld"]]
        let wanted: Node = ["request": request, "route": [destination]]
        #expect(try Self.passes(wanted, [routes]) == isEqual)
        let unwanted: Node = ["request": request, "route": [destination], "wantMatch": false]
        #expect(try Self.passes(unwanted, [routes]) != isEqual)
    }

    @Test func `durations are compared by their length`() throws {
        let routes = Helloworld.routes([
            ["timeout": "1500ms", "route": [["destination": ["host": "helloworld"]]]]
        ])
        #expect(try Self.passes(["request": ["authority": ["helloworld"]], "timeout": "1.5s"], [routes]))
        #expect(try !Self.passes(["request": ["authority": ["helloworld"]], "timeout": "2s"], [routes]))
    }

    @Test func `each expectation of a test that wants no match must not hold`() throws {
        let routes = Helloworld.routes([["name": "a", "directResponse": ["status": 200]]])
        let request: Node = ["authority": ["helloworld"]]
        #expect(
            try Self.passes(
                ["request": request, "wantMatch": false, "status": 201, "routeName": "b"],
                [routes]
            )
        )
        #expect(
            try !Self.passes(
                ["request": request, "wantMatch": false, "status": 200, "routeName": "b"],
                [routes]
            )
        )
    }

    @Test func `a lost delegate is judged alone, but not for Istio`() throws {
        let root = Helloworld.routes([
            ["match": [["uri": ["regex": "/a.*"]]], "delegate": ["name": "leaf"]],
            ["directResponse": ["status": 200]],
        ])
        let leaf = object(
            .virtualService,
            "leaf",
            [
                "spec": [
                    "http": [
                        ["match": [["uri": ["prefix": "/ab"]]], "directResponse": ["status": 418]],
                        ["match": [["uri": ["prefix": "/"]]], "directResponse": ["status": 419]],
                    ]
                ]
            ]
        )
        func status(_ uri: Node, _ status: Node, _ isForIstio: Bool) throws -> Bool {
            let test: Node = [
                "request": ["authority": ["helloworld"], "uri": [uri]], "status": status,
            ]
            return try Self.passes(test, [root, leaf], isForIstio: isForIstio)
        }
        #expect(try status("/abc", 418, false))
        #expect(try status("/ac", 419, false))
        #expect(try status("/b", 200, false))
        #expect(try status("/abc", 200, true))
    }
}
