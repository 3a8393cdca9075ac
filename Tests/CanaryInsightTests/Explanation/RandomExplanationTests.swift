// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryInsight
@testable import CanaryMesh
@testable import CanaryResources
@testable import CanaryRouting

/// Random requests over random routes: what is explained is what the routing table does.
struct RandomExplanationTests {
    private static let paths = ["/", "/a", "/a/b", "/ab", "/A", "/b/c"]
    private static let values = ["", "1", "12", "x"]

    private static func stringMatch(_ generator: inout SeededGenerator, _ texts: [String]) -> Node {
        let text = Node.string(generator.pick(texts))
        switch generator.next() % 5 {
        case 0, 1: return ["exact": text]
        case 2: return ["prefix": text]
        case 3: return ["regex": .string(generator.pick(["/a.*", "1?", ".*", "x|1"]))]
        default: return [:]
        }
    }

    private static func block(_ generator: inout SeededGenerator) -> Node {
        var block = Node.mapping([:])
        if generator.chance(60) { block.set(stringMatch(&generator, paths), at: "uri") }
        if generator.chance(30) { block.set(.bool(generator.chance(50)), at: "ignoreUriCase") }
        if generator.chance(30) { block.set(stringMatch(&generator, ["GET", "POST"]), at: "method") }
        if generator.chance(30) { block.set(stringMatch(&generator, values), at: "headers", "x-h") }
        if generator.chance(20) { block.set(stringMatch(&generator, values), at: "withoutHeaders", "x-w") }
        if generator.chance(20) { block.set(stringMatch(&generator, values), at: "queryParams", "q") }
        if generator.chance(10) { block.set(.integer(generator.pick([80, 8080])), at: "port") }
        if generator.chance(10) {
            block.set(["app": .string(generator.pick(["web", "job"]))], at: "sourceLabels")
        }
        if generator.chance(5) { block.set(["edge/front"], at: "gateways") }
        return block
    }

    private static func request(_ generator: inout SeededGenerator) -> ExplainedRequest {
        var headers: [ExplainedRequest.Header] = []
        for name in ["x-h", "x-w", "x-h"] where generator.chance(50) {
            headers.append(ExplainedRequest.Header(name: name, value: generator.pick(values)))
        }
        return ExplainedRequest(
            method: generator.pick(["GET", "POST"]),
            scheme: "http",
            authority: generator.pick(["helloworld", "helloworld:8080"]),
            path: generator.pick(paths),
            query: generator.chance(50) ? "q=\(generator.pick(values))" : nil,
            headers: headers
        )
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `the route is the table's, and each before it has a reason`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let routes = (0..<6).map { _ -> Node in
            let count = Int(generator.next() % 3) + (generator.chance(90) ? 1 : 0)
            let blocks = (0..<count).map { _ in Self.block(&generator) }
            return ["match": .sequence(blocks), "directResponse": ["status": 200]]
        }
        let service = object(
            .service,
            "helloworld",
            ["spec": ["ports": [["port": 80, "name": "a"], ["port": 8080, "name": "b"]]]]
        )
        let objects = [service, Helloworld.routes(.sequence(routes))]
        let router = Router(objects, labels: ["app": "web"])
        let explainer = RequestExplainer(
            snapshot: ClusterSnapshot(revision: 1, objects),
            namespace: "default",
            sourceLabels: ["app": "web"]
        )
        for _ in 0..<30 {
            let request = Self.request(&generator)
            let explanation = explainer.explain(request)
            let taken = router.route(of: request)
            #expect(explanation.effective?.index == taken)
            let answers = router.answers(request)
            #expect((explanation.action == .notFound) == !answers)
            #expect(explanation.skipped.map(\.index) == Array(0..<(taken ?? 6)))
            #expect(explanation.skipped.allSatisfy { !$0.blocks.contains("") && !$0.blocks.isEmpty })
        }
    }
}

extension Router {
    /// The index of the VirtualService's route that a request takes; `nil` for none.
    func route(of request: ExplainedRequest) -> Int? {
        handle(of: request).flatMap { $0.owner < 0 ? nil : $0.index }
    }

    /// Whether any route takes a request, be it the Service's own.
    func answers(_ request: ExplainedRequest) -> Bool { handle(of: request) != nil }

    private func handle(of request: ExplainedRequest) -> RouteHandle? {
        let arena = RoutingArena()
        let table = builder.table()
        return withExtendedLifetime((arena, table)) {
            var facts = request.facts(in: arena)
            guard let host = table.virtualHost(listener: 0, authority: facts.authority) else { return nil }
            facts.port = host.servicePort(
                authorityPort: Authority.split(facts.authority).port,
                listenerPort: -1
            )
            return host.route(for: facts)
        }
    }
}
