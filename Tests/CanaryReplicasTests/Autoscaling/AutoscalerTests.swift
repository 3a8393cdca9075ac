// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryReplicas

/// An autoscaler's whole decisions; names in backquotes after "as" are of Kubernetes' `horizontal_test.go`.
@Suite struct AutoscalerTests {
    private static let now = TimePoint(milliseconds: 10_000_000)

    private func pods(_ count: Int, request: Int64 = 1000) -> [ObservedPod] {
        (0..<count).map {
            ObservedPod(
                "pod-\($0)",
                startTime: Self.now - .seconds(3600),
                readiness: .init(isReady: true, since: Self.now - .seconds(3600)),
                containers: [.init("main", requests: ["cpu": MilliValue(request)])]
            )
        }
    }

    private func perPod(_ levels: [Int64]) -> MetricReading {
        .pods(
            Dictionary(
                uniqueKeysWithValues: levels.enumerated().map {
                    ("pod-\($0)", PodMetric(MilliValue($1), at: Self.now, window: .seconds(15)))
                }
            )
        )
    }

    private func cpu(_ percent: Int) -> MetricSpec {
        MetricSpec(.resource("cpu"), target: .utilization(percent))
    }

    private func reasons(_ autoscaler: Autoscaler) -> [String] {
        autoscaler.conditions.map { "\($0.kind.rawValue)=\($0.isTrue) \($0.reason.rawValue)" }
    }

    @Test func `more load than wanted, as TestUpscaleCap and TestSuperfluousMetrics`() {
        var autoscaler = Autoscaler()
        let spec = AutoscalerSpec(minReplicas: 2, maxReplicas: 6, metrics: [cpu(100)])
        let levels: [Int64] = [4000, 9500, 3000, 7000, 3200, 2000]
        let seen = Autoscaler.Observation(replicas: 4, pods: pods(4), readings: [perPod(levels)])
        let decision = autoscaler.reconcile(spec, seen, at: Self.now)
        #expect(decision.desired == 6)
        #expect(decision.reason == "cpu resource utilization (percentage of request) above target")
        #expect(
            decision.rescaled.message
                == "New size: 6; reason: cpu resource utilization (percentage of request) above target"
        )
        autoscaler.confirm(decision, spec, at: Self.now)
        #expect(
            reasons(autoscaler) == [
                "AbleToScale=true SucceededRescale", "ScalingActive=true ValidMetricFound",
                "ScalingLimited=true TooManyReplicas",
            ]
        )
        #expect(autoscaler.lastScaleTime == Self.now)
    }

    @Test(arguments: [
        (0, 0, "ScalingActive=false ScalingDisabled", ""),
        (9, 6, "", "Current number of replicas above Spec.MaxReplicas"),
        (1, 2, "", "Current number of replicas below Spec.MinReplicas"),
    ])
    func `replicas outside of the bounds need no metric`(
        _ current: Int,
        _ desired: Int,
        _ condition: String,
        _ reason: String
    ) {
        var autoscaler = Autoscaler()
        let spec = AutoscalerSpec(minReplicas: 2, maxReplicas: 6)
        let seen = Autoscaler.Observation(replicas: current, pods: [], readings: [])
        let decision = autoscaler.reconcile(spec, seen, at: Self.now)
        #expect(decision.desired == desired)
        #expect(decision.reason == reason)
        #expect(condition.isEmpty || reasons(autoscaler).contains(condition))
    }

    @Test func `from zero to what an object's metric asks for, where zero is the minimum`() {
        var autoscaler = Autoscaler()
        let metric = MetricSpec(
            .object(metric: "requests-per-second", kind: "Service", name: "hello"),
            target: .value(MilliValue(1000))
        )
        let spec = AutoscalerSpec(minReplicas: 0, maxReplicas: 6, metrics: [metric])
        let seen = Autoscaler.Observation(replicas: 0, pods: [], readings: [.object(MilliValue(2500))])
        let decision = autoscaler.reconcile(spec, seen, at: Self.now)
        #expect(decision.desired == 3)
        #expect(decision.reason == "Service metric requests-per-second above target")
    }

    @Test func `a number for each pod is divided among those that stay`() {
        var autoscaler = Autoscaler()
        let metric = MetricSpec(
            .object(metric: "requests-per-second", kind: "Service", name: "hello"),
            target: .averageValue(MilliValue(1000))
        )
        var all = pods(3)
        all[2].isTerminating = true
        let seen = Autoscaler.Observation(replicas: 2, pods: all, readings: [.object(MilliValue(2000))])
        let decision = autoscaler.reconcile(.init(maxReplicas: 6, metrics: [metric]), seen, at: Self.now)
        #expect(!decision.scales)
        #expect(autoscaler.metrics.map(\.value?.thousandths) == [1000])
    }

    @Test func `the largest of several metrics wins`() {
        var autoscaler = Autoscaler()
        let qps = MetricSpec(.pods(metric: "qps"), target: .averageValue(MilliValue(10_000)))
        let spec = AutoscalerSpec(maxReplicas: 10, metrics: [cpu(50), qps])
        let readings = [perPod([600, 600]), perPod([15_000, 16_000])]
        let seen = Autoscaler.Observation(replicas: 2, pods: pods(2), readings: readings)
        let decision = autoscaler.reconcile(spec, seen, at: Self.now)
        #expect(decision.desired == 4)
        #expect(decision.reason == "pods metric qps above target")
        #expect(autoscaler.metrics.map(\.replicas) == [3, 4])
    }

    @Test func `with a part of the metrics the target grows and never shrinks`() {
        let external = MetricSpec(.external(metric: "queue"), target: .value(MilliValue(1000)))
        let spec = AutoscalerSpec(maxReplicas: 10, metrics: [external, cpu(50)])
        let missing = MetricReading.unavailable("external metrics are not measured on one machine")

        var growing = Autoscaler()
        let busy = Autoscaler.Observation(
            replicas: 2,
            pods: pods(2),
            readings: [missing, perPod([800, 800])]
        )
        #expect(growing.reconcile(spec, busy, at: Self.now).desired == 4)

        var shrinking = Autoscaler()
        let idle = Autoscaler.Observation(replicas: 2, pods: pods(2), readings: [missing, perPod([10, 10])])
        let decision = shrinking.reconcile(spec, idle, at: Self.now)
        #expect(!decision.scales)
        #expect(decision.events.map(\.reason) == ["FailedGetExternalMetric", "FailedComputeMetricsReplicas"])
        #expect(
            decision.events.last?.message == """
                invalid metrics (1 invalid out of 2), first error is: failed to get queue external metric value: \
                unable to get metrics for external metric queue: external metrics are not measured on one machine
                """
        )
        #expect(
            reasons(shrinking) == [
                "AbleToScale=true SucceededGetScale", "ScalingActive=false FailedGetExternalMetric",
            ]
        )
    }

    @Test func `no metrics at all, as TestEmptyMetrics and TestConditionInvalidSourceType`() {
        var autoscaler = Autoscaler()
        let seen = Autoscaler.Observation(replicas: 4, pods: pods(4), readings: [.pods([:])])
        let decision = autoscaler.reconcile(.init(maxReplicas: 6, metrics: [cpu(100)]), seen, at: Self.now)
        #expect(!decision.scales)
        #expect(
            autoscaler.conditions.last?.message == """
                the HPA was unable to compute the replica count: failed to get cpu utilization: \
                unable to get metrics for resource cpu: no metrics returned
                """
        )
        let odd = MetricSpec(.unknown(type: "CheddarCheese"), target: nil)
        _ = autoscaler.reconcile(.init(maxReplicas: 6, metrics: [odd]), seen, at: Self.now)
        #expect(reasons(autoscaler).last == "ScalingActive=false InvalidMetricSourceType")
    }

    @Test func `pods of two autoscalers are left alone, as TestConditionAmbiguousSelector`() {
        var autoscaler = Autoscaler()
        var seen = Autoscaler.Observation(replicas: 1, pods: pods(1), readings: [perPod([900])])
        seen.rivals = ["hello", "hello-2"]
        let decision = autoscaler.reconcile(.init(maxReplicas: 6, metrics: [cpu(10)]), seen, at: Self.now)
        #expect(!decision.scales)
        #expect(reasons(autoscaler).last == "ScalingActive=false AmbiguousSelector")
    }

    @Test func `the target shrinks when five minutes ask for fewer`() {
        var autoscaler = Autoscaler()
        let spec = AutoscalerSpec(maxReplicas: 10, metrics: [cpu(50)])
        let idle = Autoscaler.Observation(
            replicas: 4,
            pods: pods(4),
            readings: [perPod([100, 100, 100, 100])]
        )
        var time = Self.now
        while !autoscaler.reconcile(spec, idle, at: time).scales {
            #expect(autoscaler.conditions[0].reason == .scaleDownStabilized)
            time = time + .seconds(15)
            guard time - Self.now < .seconds(1000) else { break }
        }
        #expect(time - Self.now == .seconds(315))
    }

    @Test func `a tolerance of behavior is for its own direction`() {
        let seen = Autoscaler.Observation(
            replicas: 10,
            pods: pods(10),
            readings: [
                perPod(Array(repeating: 530, count: 10))
            ]
        )
        var usual = Autoscaler()
        #expect(!usual.reconcile(.init(maxReplicas: 20, metrics: [cpu(50)]), seen, at: Self.now).scales)
        var behavior = AutoscalerSpec.Behavior()
        behavior.scaleUp.tolerance = 0.05
        let spec = AutoscalerSpec(maxReplicas: 20, metrics: [cpu(50)], behavior: behavior)
        var exact = Autoscaler()
        #expect(exact.reconcile(spec, seen, at: Self.now).desired == 11)
    }

    @Test func `a target that could not be set is tried again, and counts for no policy`() {
        var autoscaler = Autoscaler()
        let spec = AutoscalerSpec(maxReplicas: 20, metrics: [cpu(10)], behavior: .init())
        let seen = Autoscaler.Observation(replicas: 1, pods: pods(1), readings: [perPod([900])])
        let first = autoscaler.reconcile(spec, seen, at: Self.now)
        autoscaler.refuse(first, "disk full", at: Self.now)
        #expect(reasons(autoscaler)[0] == "AbleToScale=false FailedUpdateScale")
        let second = autoscaler.reconcile(spec, seen, at: Self.now)
        #expect(second.desired == 5)
        autoscaler.confirm(second, spec, at: Self.now)
        let grown = Autoscaler.Observation(
            replicas: 5,
            pods: pods(5),
            readings: [perPod(Array(repeating: 900, count: 5))]
        )
        #expect(!autoscaler.reconcile(spec, grown, at: Self.now + .seconds(5)).scales)
        #expect(autoscaler.reconcile(spec, grown, at: Self.now + .seconds(16)).desired == 10)
    }

    // MARK: - Manifests

    private func hpa(_ spec: Node) -> AutoscalerSpec? {
        AutoscalerSpec(object(.horizontalPodAutoscaler, "hello", ["spec": spec]))
    }

    @Test func `version 1 has one target, and 80 percent without it`() throws {
        let given = try #require(hpa(["maxReplicas": 5, "targetCPUUtilizationPercentage": 50]))
        #expect(given.metrics == [cpu(50)])
        #expect(given.minReplicas == 1)
        #expect(given.behavior == nil)
        #expect(try #require(hpa(["maxReplicas": 5])).metrics == [cpu(80)])
    }

    @Test func `version 2 has metrics of all types, and defaults for what behavior leaves out`() throws {
        let spec = try #require(
            hpa([
                "maxReplicas": 5, "minReplicas": 2,
                "metrics": [
                    [
                        "type": "Resource",
                        "resource": [
                            "name": "memory", "target": ["type": "AverageValue", "averageValue": "100Mi"],
                        ],
                    ],
                    [
                        "type": "ContainerResource",
                        "containerResource": [
                            "name": "cpu", "container": "app",
                            "target": ["type": "Utilization", "averageUtilization": 60],
                        ],
                    ],
                    [
                        "type": "Pods",
                        "pods": ["metric": ["name": "qps"], "target": ["averageValue": "1k"]],
                    ],
                    [
                        "type": "Object",
                        "object": [
                            "metric": ["name": "rps"],
                            "describedObject": ["kind": "Service", "name": "hello"],
                            "target": ["type": "Value", "value": "0.5"],
                        ],
                    ],
                    ["type": "Pods", "pods": ["metric": ["name": "none"], "target": ["averageValue": 0]]],
                ],
                "behavior": [
                    "scaleDown": [
                        "stabilizationWindowSeconds": 99999,
                        "policies": [["type": "Pods", "value": 1, "periodSeconds": 30]], "tolerance": "50m",
                    ]
                ],
            ])
        )
        #expect(
            spec.metrics == [
                MetricSpec(.resource("memory"), target: .averageValue(MilliValue(104_857_600_000))),
                MetricSpec(.containerResource("cpu", container: "app"), target: .utilization(60)),
                MetricSpec(.pods(metric: "qps"), target: .averageValue(MilliValue(1_000_000))),
                MetricSpec(
                    .object(metric: "rps", kind: "Service", name: "hello"),
                    target: .value(MilliValue(500))
                ),
                MetricSpec(.pods(metric: "none"), target: nil),
            ]
        )
        #expect(spec.behavior?.scaleUp == .usualUp)
        #expect(spec.behavior?.scaleDown.stabilizationWindow == .seconds(3600))
        #expect(spec.behavior?.scaleDown.policies == [.init(.pods(1), per: .seconds(30))])
        #expect(spec.behavior?.scaleDown.tolerance == 0.05)
        #expect(spec.behavior?.scaleDown.selection == .max)
    }

    // MARK: - Words

    @Test func `the report has kubectl's words`() {
        var autoscaler = Autoscaler()
        let memory = MetricSpec(.resource("memory"), target: .averageValue(MilliValue(104_857_600_000)))
        let spec = AutoscalerSpec(maxReplicas: 10, metrics: [cpu(50), memory], behavior: .init())
        let seen = Autoscaler.Observation(
            replicas: 1,
            pods: pods(1, request: 200),
            readings: [perPod([62]), .unavailable("no cgroup")]
        )
        let before = AutoscalerReport(autoscaler, spec, current: 1, desired: 1)
        #expect(before.targets == "cpu: <unknown>/50%, memory: <unknown>/104857600")
        _ = autoscaler.reconcile(spec, seen, at: Self.now)
        let report = AutoscalerReport(autoscaler, spec, current: 1, desired: 1)
        #expect(report.targets == "cpu: 31%/50%, memory: <unknown>/104857600")
        #expect(
            report.fields.map { "\($0.name): \($0.value)" } == [
                "Metrics: ( current / target )",
                "  resource cpu on pods  (as a percentage of request): 31% (62m) / 50%",
                "  resource memory on pods: <unknown> / 104857600",
                "Min replicas: 1", "Max replicas: 10", "Behavior: ", "  Scale Up: ",
                "    Stabilization Window: 0 seconds", "    Select Policy: Max", "    Policies: ",
                "      - Type: Pods  Value: 4  Period: 15 seconds: ",
                "      - Type: Percent  Value: 100  Period: 15 seconds: ", "  Scale Down: ",
                "    Stabilization Window: 300 seconds", "    Select Policy: Max", "    Policies: ",
                "      - Type: Percent  Value: 100  Period: 15 seconds: ",
                "Deployment pods: 1 current / 1 desired",
            ]
        )
        #expect(
            report.reasoning == [
                "cpu resource utilization (percentage of request): 31% (62m) of 50% asks for 1",
                "memory resource: unknown",
            ]
        )
    }

    @Test(arguments: [
        ("0.1", 100, "100m"), ("4.1", 4100, "4100m"), ("1u", 1, "1m"), ("12k", 12_000_000, "12k"),
        ("0", 0, "0"),
        ("1e30", Int64.max, "9223372036854775807m"), ("-1500m", -1500, "-1500m"),
    ])
    func `amounts are thousandths, rounded up`(_ text: String, _ thousandths: Int64, _ written: String) throws
    {
        let value = MilliValue(try #require(Quantity(text)))
        #expect(value.thousandths == thousandths)
        #expect("\(value)" == written)
    }
}
