// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import Testing

@testable import CanaryNode

/// What pods have to do with requests, from counts that the tests make up.
@Suite struct TrafficMeterTests {
    private let pods = [pod("web-1", port: 4001), pod("web-2", port: 4002)]

    private static func pod(_ name: String, port: Int) -> MeasuredPod {
        MeasuredPod(
            ResourceKey(.pod, namespace: "default", name: name),
            of: ResourceKey(.deployment, namespace: "default", name: "web"),
            ObservedPod(name, startTime: nil, readiness: nil, containers: []),
            roots: [:],
            ports: [port]
        )
    }

    private func destination(_ requests: UInt64, underWay: UInt64 = 0, of subset: String = "v1")
        -> DestinationTraffic
    {
        DestinationTraffic(
            "outbound||\(subset)|web",
            host: "web.default.svc.cluster.local",
            endpointCount: 2,
            ports: [4001, 4002],
            requests: requests,
            underWay: underWay
        )
    }

    private func look(_ meter: inout TrafficMeter, _ destinations: [DestinationTraffic], at seconds: Int64) {
        meter.look(at: destinations, at: TimePoint(milliseconds: seconds * 1000))
    }

    private func values(_ meter: TrafficMeter, _ source: MetricSpec.Source) -> [String: Int64]? {
        guard case .pods(let metrics) = meter.reading(for: source, of: pods) else { return nil }
        return metrics.mapValues(\.value.thousandths)
    }

    private func object(_ meter: TrafficMeter, _ metric: String, _ kind: String = "Service") -> Int64? {
        let source = MetricSpec.Source.object(metric: metric, kind: kind, name: "web")
        guard case .object(let value) = meter.reading(for: source, of: pods) else { return nil }
        return value.thousandths
    }

    @Test func rateIsTheDifferenceOfTwoLooksInEqualParts() {
        var meter = TrafficMeter()
        look(&meter, [destination(1000), destination(0, of: "v2")], at: 0)
        #expect(values(meter, .pods(metric: "requests_per_second")) == [:])
        #expect(object(meter, "requests_per_second") == nil)
        look(&meter, [destination(1030), destination(2, of: "v2")], at: 2)
        // 15 and 1 in a second, for two endpoints each.
        #expect(values(meter, .pods(metric: "requests_per_second")) == ["web-1": 8000, "web-2": 8000])
        #expect(object(meter, "requests_per_second") == 16_000)
        // A proxy's count that begins again is none.
        look(&meter, [destination(5)], at: 4)
        #expect(values(meter, .pods(metric: "requests_per_second")) == ["web-1": 0, "web-2": 0])
    }

    @Test func whatIsUnderWayIsKnownAtOnce() {
        var meter = TrafficMeter()
        look(&meter, [destination(9, underWay: 3)], at: 0)
        #expect(values(meter, .pods(metric: "requests_in_flight")) == ["web-1": 1500, "web-2": 1500])
        #expect(object(meter, "requests_in_flight") == 3000)
    }

    @Test func whatIsNotCountedIsSaid() {
        var meter = TrafficMeter()
        look(&meter, [destination(9)], at: 0)
        guard case .unavailable(let text) = meter.reading(for: .pods(metric: "queue"), of: pods) else {
            Issue.record("a metric that nobody counts was measured")
            return
        }
        #expect(text == "the proxy counts requests_per_second and requests_in_flight, not queue")
        #expect(object(meter, "requests_in_flight", "Ingress") == nil)
    }
}
