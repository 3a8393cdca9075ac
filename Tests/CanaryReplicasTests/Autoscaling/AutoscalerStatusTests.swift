// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// What a node tells of an autoscaler, and what others make of it.
@Suite struct AutoscalerStatusTests {
    private static let now = TimePoint(milliseconds: 5000)
    private let spec = AutoscalerSpec(
        maxReplicas: 5,
        metrics: [MetricSpec(.resource("cpu"), target: .averageValue(MilliValue(100))), .usual]
    )

    private func status() -> AutoscalerStatus {
        var autoscaler = Autoscaler()
        let pod = ObservedPod(
            "web",
            startTime: Self.now,
            readiness: .init(isReady: true, since: Self.now - .seconds(60)),
            containers: [.init("app", requests: [:])]
        )
        let used = PodMetric(MilliValue(250), at: Self.now, window: .seconds(1))
        let seen = Autoscaler.Observation(
            replicas: 1,
            pods: [pod],
            readings: [.pods(["web": used]), .unavailable("it is off")]
        )
        let decision = autoscaler.reconcile(spec, seen, at: Self.now)
        autoscaler.confirm(decision, spec, at: Self.now)
        return AutoscalerStatus(
            AutoscalerReport(autoscaler, spec, current: 1, desired: decision.desired),
            generation: 7,
            lastScaleTime: autoscaler.lastScaleTime,
            wallOffset: 1_000_000
        )
    }

    @Test func whatIsWrittenIsRead() throws {
        let told = status()
        let read = try #require(
            AutoscalerStatus(try JSONReader.read(Array(JSONWriter.canonical(told.node).utf8)))
        )
        #expect(read.lastScaleTime == TimePoint(milliseconds: 1_005_000))
        #expect(read.conditions == told.conditions && read.conditions.count == 3)
        #expect(read.conditions[0].lastTransition == TimePoint(milliseconds: 1_005_000))
        let report = AutoscalerReport(spec, read, generation: 7, targetKind: "Deployment")
        #expect(report.targets == "cpu: 250m/100m, cpu: <unknown>/80%")
        #expect(report.reasoning.first == "cpu resource: 250m of 100m asks for 3")
        #expect(report.current == 1 && report.desired == 3)
    }

    @Test func metricsOfAnEarlierObjectSayNothing() {
        let report = AutoscalerReport(spec, status(), generation: 8, targetKind: "Deployment")
        #expect(report.targets == "cpu: <unknown>/100m, cpu: <unknown>/80%")
        #expect(report.current == 1)
        let unknown = AutoscalerReport(spec, nil, generation: 8, targetKind: "Deployment")
        #expect(unknown.targets == report.targets && unknown.current == 0)
    }

    @Test func whatNobodyWroteIsNoStatus() {
        #expect(AutoscalerStatus([:]) == nil)
        #expect(AutoscalerStatus(["generation": 1, "current": "many", "desired": 1]) == nil)
    }
}
