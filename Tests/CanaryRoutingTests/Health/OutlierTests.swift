// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct OutlierTests {
    private func policy(_ detection: Node?) -> OutlierPolicy {
        let rule = object(
            .destinationRule,
            "helloworld",
            [
                "spec": [
                    "host": "helloworld",
                    "trafficPolicy": detection.map { ["outlierDetection": $0] } ?? [:],
                ]
            ]
        )
        let probe = RouteProbe(
            ["route": [["destination": ["host": "helloworld"]]]],
            objects: Helloworld.backends + [rule]
        )
        let found = probe.withRoute(probe.facts()) { $0.destination(for: probe.facts(), random: 0)?.outliers }
        return (found ?? nil) ?? .none
    }

    /// After which of the reports an endpoint is an outlier, and as what.
    private func outliers(_ reports: [EndpointReport], _ policy: OutlierPolicy) -> [String] {
        var errors = EndpointErrors()
        return reports.enumerated().compactMap { index, report in
            let kinds = errors.count(report, policy)
            let names: [(EndpointErrors.Kinds, String)] = [
                (.serverErrors, "server"), (.gatewayErrors, "gateway"), (.localFailures, "local"),
            ]
            let found = names.filter { kinds.contains($0.0) }.map(\.1).joined(separator: "+")
            return found.isEmpty ? nil : "\(index + 1) \(found)"
        }
    }

    private static func answers(_ statuses: Int32...) -> [EndpointReport] {
        statuses.map { .answered(status: $0) }
    }

    @Test func `nothing is ejected without a block, and Istio's defaults hold with one`() {
        #expect(!policy(nil).isOn)
        let standard = policy([:])
        #expect(standard.isOn)
        #expect(standard.consecutive5xx == 5)
        #expect(standard.consecutiveGatewayErrors == 0)
        #expect(standard.consecutiveLocalFailures == 0)
        #expect(standard.intervalMilliseconds == 10_000)
        #expect(standard.baseEjectionMilliseconds == 30_000)
        #expect(standard.maxEjectionPercent == 10)
        #expect(standard.minHealthPercent == 0)
        #expect(policy(["splitExternalLocalOriginErrors": true]).consecutiveLocalFailures == 5)
        #expect(policy(["maxEjectionPercent": 0]).maxEjectionPercent == 10)
    }

    static let runs: [(detection: Node, reports: [EndpointReport], wanted: [String])] = [
        ([:], answers(500, 501, 502, 503, 504, 599), ["5 server"]),
        ([:], answers(500, 500, 500, 500, 404, 500), []),
        (["consecutive5xxErrors": 2], answers(500, 500, 500, 500), ["2 server", "4 server"]),
        (["consecutive5xxErrors": 0], answers(500, 500, 500, 500, 500, 500), []),
        (
            ["consecutiveGatewayErrors": 2, "consecutive5xxErrors": 0],
            answers(502, 500, 503, 504, 502, 502), ["4 gateway", "6 gateway"]
        ),
        (
            ["consecutiveGatewayErrors": 2, "consecutive5xxErrors": 2], answers(503, 503),
            ["2 server+gateway"]
        ),
        // Failures of the proxy's own are gateway errors, unless they are split off.
        (
            ["consecutiveGatewayErrors": 3, "consecutive5xxErrors": 0],
            [.connectionFailed, .timedOut, .answered(status: 502)], ["3 gateway"]
        ),
        (["consecutive5xxErrors": 2], [.connectionFailed, .connected, .timedOut], ["3 server"]),
        (
            ["splitExternalLocalOriginErrors": true, "consecutiveLocalOriginFailures": 2],
            [.connectionFailed, .connected, .timedOut, .connectionFailed], ["4 local"]
        ),
        (
            [
                "splitExternalLocalOriginErrors": true, "consecutiveLocalOriginFailures": 2,
                "consecutive5xxErrors": 2,
            ],
            [.connectionFailed, .answered(status: 500), .timedOut, .answered(status: 500)], ["4 server"]
        ),
        (
            ["splitExternalLocalOriginErrors": true, "consecutiveLocalOriginFailures": 0],
            [.timedOut, .timedOut], []
        ),
        (
            ["consecutive5xxErrors": 2, "outlierDetectionHttpErrorCodes": [429, 599, 99, 600]],
            answers(429, 500, 429, 599, 600, 429), ["4 server"]
        ),
        (
            [
                "consecutiveGatewayErrors": 1, "consecutive5xxErrors": 0,
                "outlierDetectionHttpErrorCodes": [503],
            ],
            answers(503, 503), []
        ),
    ]

    @Test(arguments: runs)
    func `errors in a row make an outlier`(detection: Node, reports: [EndpointReport], wanted: [String]) {
        #expect(outliers(reports, policy(detection)) == wanted)
    }

    // MARK: - Ejection

    private func detector(_ count: UInt64, _ detection: Node) -> OutlierDetector {
        let policy = policy(detection)
        var detector = OutlierDetector(policy, now: 0)
        detector.update(1...count, policy)
        return detector
    }

    private func eject(_ id: UInt64, from detector: inout OutlierDetector, now: Int64) -> Bool {
        detector.eject(id, now: now)
    }

    @Test(arguments: [
        (9, 10, 0), (10, 10, 1), (19, 10, 1), (20, 10, 2), (2, 50, 1), (3, 50, 1), (3, 100, 3), (1, 99, 0),
    ])
    func `no more than a share of the endpoints is ejected`(count: UInt64, percent: Int64, wanted: Int) {
        var detector = detector(count, ["maxEjectionPercent": .integer(percent)])
        let ejected = (1...count).filter { detector.eject($0, now: 0) }
        #expect(ejected.count == wanted)
        #expect(detector.ejectedCount == wanted)
        #expect((1...count).filter(detector.isEjected) == ejected)
    }

    @Test func `an ejection lasts longer each time, five minutes at most, and shorter after a time without`()
    {
        var detector = detector(
            1,
            ["maxEjectionPercent": 100, "baseEjectionTime": "100s", "interval": "10s"]
        )
        var now: Int64 = 0
        /// How long an ejection lasts, by sweeps every second.
        func ejectionSeconds() -> Int64 {
            #expect(eject(1, from: &detector, now: now))
            #expect(!eject(1, from: &detector, now: now))
            let start = now
            repeat { now += 1000 } while detector.sweep(now: now).isEmpty
            return (now - start) / 1000
        }
        #expect((0..<5).map { _ in ejectionSeconds() } == [100, 200, 300, 300, 300])
        // Each sweep without ejection takes one base time off again.
        for _ in 0..<3 { _ = detector.sweep(now: now) }
        #expect(ejectionSeconds() == 200)
        for _ in 0..<10 { _ = detector.sweep(now: now) }
        #expect(ejectionSeconds() == 100)
    }

    @Test func `a long base time is not cut to five minutes`() {
        var detector = detector(1, ["maxEjectionPercent": 100, "baseEjectionTime": "600s"])
        #expect(eject(1, from: &detector, now: 5))
        let at600_004 = detector.sweep(now: 600_004)
        #expect(at600_004 == [])
        let at600_005 = detector.sweep(now: 600_005)
        #expect(at600_005 == [1])
        #expect(detector.nextSweep == 610_005)
    }

    @Test func `endpoints that leave take their ejection with them, those that stay keep it`() {
        let policy = policy(["maxEjectionPercent": 50])
        var detector = OutlierDetector(policy, now: 0)
        detector.update([1, 2, 3, 4], policy)
        #expect(eject(1, from: &detector, now: 0))
        #expect(eject(2, from: &detector, now: 0))
        #expect(!eject(3, from: &detector, now: 0))
        detector.update([2, 3, 4, 5], policy)
        #expect(detector.ejectedCount == 1)
        #expect(detector.isEjected(2))
        #expect(eject(3, from: &detector, now: 0))
        #expect(!eject(1, from: &detector, now: 0))
        detector.update([4], .none)
        #expect(detector.ejectedCount == 0)
        #expect(!eject(4, from: &detector, now: 0))
    }

    @Test(arguments: 0..<20)
    func `whatever happens, counts agree with states and the share is kept`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let policy = policy([
            "maxEjectionPercent": .integer(.random(in: 1...100, using: &random)), "baseEjectionTime": "1s",
        ])
        var detector = OutlierDetector(policy, now: 0)
        var ids: Set<UInt64> = [1, 2, 3]
        detector.update(ids, policy)
        var now: Int64 = 0
        for _ in 0..<500 {
            now += .random(in: 0...2000, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                ids = Set((0..<20).filter { _ in Bool.random(using: &random) }); detector.update(ids, policy)
            case 1: _ = detector.sweep(now: now)
            default:
                let before = detector.ejectedCount
                if detector.eject(.random(in: 0..<20, using: &random), now: now) {
                    #expect(100 * (before + 1) <= Int(policy.maxEjectionPercent) * ids.count)
                }
            }
            #expect(detector.ejectedCount == ids.count(where: detector.isEjected))
        }
        now += 10_000_000
        _ = detector.sweep(now: now)
        #expect(detector.ejectedCount == 0)
    }
}
