// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct FaultTests {
    private func policy(_ fault: Node) -> FaultPolicy {
        let probe = RouteProbe(["fault": fault])
        return probe.withRoute(probe.facts()) { $0.fault } ?? .none
    }

    static let certain: [(fault: Node, delay: Int32, abort: FaultPolicy.Abort?)] = [
        (["delay": ["fixedDelay": "2s", "percentage": ["value": 100]]], 2000, nil),
        (["delay": ["fixedDelay": "5ms", "percent": 100]], 5, nil),
        (["delay": ["fixedDelay": "2s"]], 0, nil),
        (["delay": ["fixedDelay": "2s", "percentage": [:]]], 0, nil),
        (["delay": ["exponentialDelay": "2s", "percentage": ["value": 100]]], 0, nil),
        (
            ["abort": ["httpStatus": 418, "percentage": ["value": 100]]], 0,
            .init(status: 418, grpcStatus: -1)
        ),
        (["abort": ["httpStatus": 418]], 0, nil),
        (
            ["abort": ["grpcStatus": "UNAVAILABLE", "percentage": ["value": 100]]], 0,
            .init(status: 200, grpcStatus: 14)
        ),
        (["abort": ["grpcStatus": "NOBODY", "percentage": ["value": 100]]], 0, nil),
        (["abort": ["http2Error": "x", "percentage": ["value": 100]]], 0, nil),
        (
            [
                "delay": ["fixedDelay": "1s", "percentage": ["value": 100]],
                "abort": ["httpStatus": 500, "percentage": ["value": 100]],
            ], 1000, .init(status: 500, grpcStatus: -1)
        ),
    ]

    @Test(arguments: certain)
    func `what is to happen always happens, and what is to happen never does not`(
        fault: Node,
        delay: Int32,
        abort: FaultPolicy.Abort?
    ) {
        let policy = policy(fault)
        for random in [0, 1, UInt64.max / 2, .max] {
            #expect(policy.delay(random: random) == delay)
            #expect(policy.abort(random: random) == abort)
        }
        #expect(policy.isNone == (delay == 0 && abort == nil))
    }

    @Test func `a route without fault has none`() {
        let probe = RouteProbe([:])
        #expect(probe.withRoute(probe.facts()) { $0.fault.isNone } == true)
    }

    @Test(arguments: [1, 12_345, 500_000, 999_999])
    func `a chance is exact in a million equal draws`(millionths: UInt32) {
        let chance = Chance(millionths: millionths)
        let step = UInt64.max / 1_000_000 + 1
        let hits = (0..<1_000_000).count { chance.happens(UInt64($0) &* step) }
        #expect(hits == Int(millionths))
    }

    @Test func `delays and aborts have the percentages of four decimals`() {
        let policy = policy([
            "delay": ["fixedDelay": "1s", "percentage": ["value": 0.0001]],
            "abort": ["httpStatus": 500, "percentage": ["value": 12.5]],
        ])
        #expect(policy.delay(random: UInt64.max / 1_000_000 - 1) == 1000)
        #expect(policy.delay(random: UInt64.max / 1_000_000 * 2) == 0)
        #expect(policy.abort(random: UInt64.max / 8 - 1)?.status == 500)
        #expect(policy.abort(random: UInt64.max / 8 + 2) == nil)
    }

    @Test func `content types of gRPC are told from others`() {
        for (type, isGRPC) in [
            ("application/grpc", true), ("application/grpc+proto", true), ("application/grpc-web", false),
            ("application/json", false), ("", false),
        ] {
            let arena = RoutingArena()
            #expect(GRPCStatus.isGRPC(contentType: arena.store(type)) == isGRPC, "\(type)")
        }
        #expect([404, 503, 504, 429, 500, 200].map(GRPCStatus.number(ofHTTP:)) == [12, 14, 14, 14, 2, 2])
    }
}
