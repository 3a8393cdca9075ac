// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryReplicas

/// Kubernetes' published expectations: each row has the name of its case in `replica_calculator_test.go`.
@Suite struct ReplicaCalculatorTests {
    private static let one: Int64 = 1000

    private static func cpu(_ percent: Int, _ count: Int) -> CalculatorCase.Target {
        .cpu(percent, requests: Array(repeating: one, count: count))
    }

    static let cpuCases: [CalculatorCase] = [
        .init("ScaleUp", cpu(30, 3), [300, 500, 700], from: 3, .replicas(5, 50)),
        .init(
            "ScaleUpUnreadyLessScale",
            cpu(30, 3),
            [300, 500, 700],
            from: 3,
            .replicas(4, 60),
            unready: [0]
        ),
        .init("ScaleUpHotCpuLessScale", cpu(30, 3), [300, 500, 700], from: 3, .replicas(4, 60), hot: [0]),
        .init(
            "ScaleUpUnreadyNoScale",
            cpu(30, 3),
            [400, 500, 700],
            from: 3,
            .replicas(3, 40),
            unready: [1, 2]
        ),
        .init(
            "ScaleHotCpuNoScale",
            cpu(30, 3),
            [400, 500, 700],
            from: 3,
            .replicas(3, 40),
            unready: [1, 2],
            hot: [1, 2]
        ),
        .init(
            "ScaleUpIgnoresFailedPods",
            cpu(30, 4),
            [500, 700],
            from: 2,
            .replicas(4, 60),
            unready: [2, 3],
            phases: [2: .failed, 3: .failed],
            podCount: 4
        ),
        .init(
            "ScaleUpIgnoresDeletionPods",
            cpu(30, 4),
            [500, 700],
            from: 2,
            .replicas(4, 60),
            unready: [2, 3],
            terminating: [2, 3],
            podCount: 4
        ),
        .init("ScaleDown", cpu(50, 5), [100, 300, 500, 250, 250], from: 5, .replicas(3, 28)),
        .init(
            "ScaleDownIncludeUnreadyPods",
            cpu(50, 5),
            [100, 300, 500, 250, 250],
            from: 5,
            .replicas(2, 30),
            unready: [3, 4]
        ),
        .init(
            "ScaleDownExcludeUnscheduledPods",
            cpu(50, 5),
            [100],
            from: 5,
            .replicas(1, 10),
            unready: [1, 2, 3, 4],
            phases: [1: .pending, 2: .pending, 3: .pending, 4: .pending]
        ),
        .init(
            "ScaleDownIgnoreHotCpuPods",
            cpu(50, 5),
            [100, 300, 500, 250, 250],
            from: 5,
            .replicas(2, 30),
            hot: [3, 4]
        ),
        .init(
            "ScaleDownIgnoresFailedPods",
            cpu(50, 7),
            [100, 300, 500, 250, 250],
            from: 5,
            .replicas(3, 28),
            unready: [5, 6],
            phases: [5: .failed, 6: .failed],
            podCount: 7
        ),
        .init(
            "ScaleDownIgnoresDeletionPods",
            cpu(50, 7),
            [100, 300, 500, 250, 250],
            from: 5,
            .replicas(3, 28),
            unready: [5, 6],
            terminating: [5, 6],
            podCount: 7
        ),
        .init(
            "Tolerance",
            .cpu(100, requests: [900, 1000, 1100]),
            [1010, 1030, 1020],
            from: 3,
            .replicas(3, 102)
        ),
        .init(
            "SuperfluousMetrics",
            cpu(100, 4),
            [4000, 9500, 3000, 7000, 3200, 2000],
            from: 4,
            .replicas(24, 587)
        ),
        .init("MissingMetrics", cpu(100, 4), [400, 95], from: 4, .replicas(3, 24)),
        .init("MissingMetricsNoChangeEq", cpu(100, 2), [1000], from: 2, .replicas(2, 100)),
        .init("MissingMetricsNoChangeGt", cpu(100, 2), [1900], from: 2, .replicas(2, 190)),
        .init("MissingMetricsNoChangeLt", cpu(100, 2), [600], from: 2, .replicas(2, 60)),
        .init(
            "MissingMetricsUnreadyChange",
            cpu(50, 3),
            [100, 450],
            from: 3,
            .replicas(3, 45),
            unready: [0]
        ),
        .init("MissingMetricsHotCpuNoChange", cpu(50, 3), [100, 450], from: 3, .replicas(3, 45), hot: [0]),
        .init(
            "MissingMetricsUnreadyScaleUp",
            cpu(50, 3),
            [100, 2000],
            from: 3,
            .replicas(4, 200),
            unready: [0]
        ),
        .init(
            "MissingMetricsHotCpuScaleUp",
            cpu(50, 3),
            [100, 2000],
            from: 3,
            .replicas(4, 200),
            unready: [0],
            hot: [0]
        ),
        .init(
            "MissingMetricsUnreadyScaleDown",
            cpu(50, 4),
            [100, 100, 100],
            from: 4,
            .replicas(3, 10),
            unready: [0]
        ),
        .init(
            "DuringRollingUpdateWithMaxSurge",
            cpu(50, 3),
            [100, 100],
            from: 2,
            .replicas(2, 10),
            podCount: 3
        ),
    ]

    /// Ours: pods that leave are measured as long as they are there.
    static let leavingCases: [CalculatorCase] = [
        .init(
            "what leaves is not counted, though it is measured",
            cpu(50, 4),
            [400, 400, 0, 0],
            from: 2,
            .replicas(2, 40),
            terminating: [2, 3],
            podCount: 4
        ),
        .init(
            "nor what has failed",
            .pods(1000),
            [2000, 0],
            from: 1,
            .replicas(2, 2000),
            phases: [1: .failed],
            podCount: 2
        ),
    ]

    static let otherCases: [CalculatorCase] = [
        .init("ScaleUpCM", .pods(15000), [20000, 10000, 30000], from: 3, .replicas(4, 20000)),
        .init(
            "ScaleUpCMUnreadyHotCpuNoLessScale",
            .pods(15000),
            [50000, 10000, 30000],
            from: 3,
            .replicas(6, 30000),
            unready: [2],
            hot: [2]
        ),
        .init(
            "ScaleUpCMUnreadyHotCpuScaleWouldScaleDown",
            .pods(15000),
            [50000, 15000, 30000],
            from: 3,
            .replicas(7, 31666),
            unready: [0, 2],
            hot: [0, 2]
        ),
        .init("ScaleDownCM", .pods(20000), Array(repeating: 12000, count: 5), from: 5, .replicas(3, 12000)),
        .init("ToleranceCM", .pods(20000), [20000, 21000, 21000], from: 3, .replicas(3, 20666)),
        .init("ScaleUpCMExternal", .pods(4400), [8600], from: 1, .replicas(2, 8600)),
        .init("ScaleUpCMObject", .object(15000), [20000], from: 3, .replicas(4, 20000)),
        .init(
            "ScaleUpCMObjectIgnoresUnreadyPods",
            .object(10000),
            [50000],
            from: 3,
            .replicas(5, 50000),
            unready: [0, 2]
        ),
        .init("ScaleDownCMObject", .object(20000), [12000], from: 5, .replicas(3, 12000)),
        .init("ToleranceCMObject", .object(20000), [20666], from: 3, .replicas(3, 20666)),
        .init(
            "ScaleUpCMExternalIgnoresUnreadyPods",
            .object(4400),
            [8600],
            from: 3,
            .replicas(2, 8600),
            unready: [0, 2]
        ),
        .init("ScaleDownCMExternal", .object(14334), [8600], from: 5, .replicas(3, 8600)),
        .init("ScaleUpCMPerPodObject", .objectPerPod(5000), [20000], from: 3, .replicas(4, 6667)),
        .init("ScaleDownPerPodCMObject", .objectPerPod(2000), [6000], from: 5, .replicas(3, 1200)),
        .init("TolerancePerPodCMObject", .objectPerPod(5000), [20166], from: 4, .replicas(4, 5042)),
        .init("ScaleUpPerPodCMExternal", .objectPerPod(2150), [8600], from: 3, .replicas(4, 2867)),
        .init("ScaleDownPerPodCMExternal", .objectPerPod(2867), [8600], from: 5, .replicas(3, 1720)),
        .init("TolerancePerPodCMExternal", .objectPerPod(2900), [8600], from: 3, .replicas(3, 2867)),
    ]

    static let problems: [CalculatorCase] = [
        .init(
            "EmptyCPURequest",
            .cpu(100, requests: []),
            [200],
            from: 1,
            .problem(.missingRequest(resource: "cpu", container: "main", pod: "pod-0"))
        ),
        .init("no pods", cpu(100, 0), [200], from: 1, .problem(.noPods), podCount: 0),
        .init("none of them ready", cpu(100, 1), [200], from: 1, .problem(.noMetricsOfPods), hot: [0]),
        .init("requests of zero", .cpu(50, requests: [0]), [200], from: 1, .problem(.noMetricsOfKnownPods)),
    ]

    @Test(arguments: cpuCases + leavingCases + otherCases + problems)
    func `the calculator agrees with Kubernetes`(_ example: CalculatorCase) {
        #expect(example.run() == example.expected)
    }

    @Test func `a container's own request is what its usage is compared with`() throws {
        let containers = [
            ObservedPod.Container("app", requests: ["cpu": MilliValue(100)]),
            ObservedPod.Container("sidecar", requests: [:]),
        ]
        let pod = ObservedPod(
            "pod-0",
            startTime: CalculatorCase.cool,
            readiness: .init(isReady: true, since: CalculatorCase.cool),
            containers: containers
        )
        let calculator = ReplicaCalculator(
            cpuInitializationPeriod: .zero,
            now: CalculatorCase.now,
            pods: [pod],
            current: 1
        )
        let metrics = ["pod-0": PodMetric(MilliValue(90), at: CalculatorCase.now, window: .seconds(15))]
        let proposal = try calculator.replicas(utilization: 30, of: "cpu", container: "app", metrics)
        #expect(proposal == .init(replicas: 3, utilization: 90, value: MilliValue(90)))
        #expect(throws: MetricProblem.missingRequest(resource: "cpu", container: "sidecar", pod: "pod-0")) {
            try calculator.replicas(utilization: 30, of: "cpu", container: nil, metrics)
        }
    }

    @Test func `huge measurements neither trap nor wrap`() throws {
        let pods = (0..<3).map {
            ObservedPod("pod-\($0)", startTime: nil, readiness: nil, containers: [])
        }
        let calculator = ReplicaCalculator(now: CalculatorCase.now, pods: pods, current: 3)
        let metrics = Dictionary(
            uniqueKeysWithValues: pods.map {
                ($0.name, PodMetric(MilliValue(.max), at: CalculatorCase.now, window: .zero))
            }
        )
        let proposal = try calculator.replicas(averageValue: MilliValue(1), isCPU: false, metrics)
        #expect(proposal.replicas == Int(Int32.max))
        #expect(proposal.value == MilliValue(.max))
    }
}
