// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import Testing

@testable import CanaryNode

/// What pods use, from looks at their processes that the tests make up.
@Suite struct UsageMeterTests {
    private static let deployment = ResourceKey(.deployment, namespace: "default", name: "web")

    private func pod(_ roots: [String: UsageRoot]) -> MeasuredPod {
        MeasuredPod(
            ResourceKey(.pod, namespace: "default", name: "web-1"),
            of: Self.deployment,
            ObservedPod(
                "web-1",
                startTime: at(0),
                readiness: .init(isReady: true, since: at(0)),
                containers: [.init("app", requests: [:]), .init("side", requests: [:])]
            ),
            roots: roots
        )
    }

    private func at(_ milliseconds: Int64) -> TimePoint { TimePoint(milliseconds: milliseconds) }

    private func values(_ reading: MetricReading) -> [String: Int64]? {
        guard case .pods(let metrics) = reading else { return nil }
        return metrics.mapValues(\.value.thousandths)
    }

    @Test func processorTimeIsTheDifferenceOfTwoLooks() {
        let pod = pod(["app": .below(10), "side": .below(11), "init": .below(12)])
        var meter = UsageMeter()
        meter.look(at: [pod], { _ in .init(cpuMilliseconds: 70_000) }, at: at(0))
        #expect(values(meter.reading(for: .resource("cpu"), of: [pod])) == [:])
        meter.look(at: [pod], { .init(cpuMilliseconds: $0 == .below(10) ? 70_500 : 70_100) }, at: at(2000))
        // Half a second and a tenth in two seconds; what an init container uses does not count.
        #expect(values(meter.reading(for: .resource("cpu"), of: [pod])) == ["web-1": 300])
        let side = meter.reading(for: .containerResource("cpu", container: "side"), of: [pod])
        #expect(values(side) == ["web-1": 50])
        guard case .pods(let metrics) = side else { return }
        #expect(metrics["web-1"]?.window == .seconds(2) && metrics["web-1"]?.time == at(2000))
    }

    @Test func aContainerThatWasStartedAgainIsMeasuredFromThen() {
        var meter = UsageMeter()
        meter.look(at: [pod(["app": .below(10)])], { _ in .init(cpuMilliseconds: 5000) }, at: at(0))
        let again = pod(["app": .below(20)])
        meter.look(at: [again], { _ in .init(cpuMilliseconds: 6000) }, at: at(1000))
        #expect(values(meter.reading(for: .resource("cpu"), of: [again])) == [:])
        meter.look(at: [again], { _ in .init(cpuMilliseconds: 6250) }, at: at(2000))
        #expect(values(meter.reading(for: .resource("cpu"), of: [again])) == ["web-1": 250])
        // Never less than nothing.
        meter.look(at: [again], { _ in .init(cpuMilliseconds: 100) }, at: at(3000))
        #expect(values(meter.reading(for: .resource("cpu"), of: [again])) == ["web-1": 0])
    }

    @Test func memoryIsKnownAtTheFirstLook() {
        let pod = pod(["app": .below(10), "side": .below(11)])
        var meter = UsageMeter()
        meter.look(at: [pod], { _ in .init(memory: 1 << 20) }, at: at(0))
        #expect(values(meter.reading(for: .resource("memory"), of: [pod])) == ["web-1": 2 << 20 * 1000])
        for source in [MetricSpec.Source.resource("gpu"), .external(metric: "queue")] {
            #expect(values(meter.reading(for: source, of: [pod])) == nil)
        }
    }
}
