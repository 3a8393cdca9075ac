// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryReplicas

/// A case of Kubernetes' `replica_calculator_test.go`, named as there without `TestReplicaCalc`: its numbers, and what it expects.
struct CalculatorCase: Sendable, CustomTestStringConvertible {
    enum Target: Sendable {
        /// Percent of CPU requests; requests and levels are millicores.
        case cpu(Int, requests: [Int64])
        case pods(Int64)
        case object(Int64)
        case objectPerPod(Int64)
    }

    enum Outcome: Equatable, Sendable {
        case replicas(Int, Int64)
        case problem(MetricProblem)
    }

    static let now = TimePoint(milliseconds: 10_000_000)
    static let cool = now - .seconds(180)

    var name: String
    var target: Target
    var levels: [Int64]
    var current: Int
    var expected: Outcome
    /// By the number of the pod; all others are ready, running and started long ago.
    var unready: Set<Int>
    var hot: Set<Int>
    var phases: [Int: PodPhase]
    var terminating: Set<Int>
    var podCount: Int?

    init(
        _ name: String,
        _ target: Target,
        _ levels: [Int64],
        from current: Int,
        _ expected: Outcome,
        unready: Set<Int> = [],
        hot: Set<Int> = [],
        phases: [Int: PodPhase] = [:],
        terminating: Set<Int> = [],
        podCount: Int? = nil
    ) {
        self.name = name
        self.target = target
        self.levels = levels
        self.current = current
        self.expected = expected
        self.unready = unready
        self.hot = hot
        self.phases = phases
        self.terminating = terminating
        self.podCount = podCount
    }

    var testDescription: String { name }

    private func pod(_ index: Int) -> ObservedPod {
        let start = hot.contains(index) ? Self.now : Self.cool
        var requests: [String: MilliValue] = [:]
        if case .cpu(_, let values) = target {
            if index < values.count { requests["cpu"] = MilliValue(values[index]) }
        }
        return ObservedPod(
            "pod-\(index)",
            phase: phases[index] ?? .running,
            isTerminating: terminating.contains(index),
            startTime: start,
            readiness: .init(isReady: !unready.contains(index), since: start),
            containers: [.init("main", requests: requests)]
        )
    }

    func run() -> Outcome {
        let calculator = ReplicaCalculator(
            cpuInitializationPeriod: .seconds(120),
            readinessDelay: .seconds(10),
            now: Self.now,
            pods: (0..<(podCount ?? current)).map(pod),
            current: current
        )
        // What is missing are the first pods' measurements, where there are fewer than ready pods, as upstream's fake does it.
        let metrics = Dictionary(
            uniqueKeysWithValues: levels.enumerated().map {
                ("pod-\($0)", PodMetric(MilliValue($1), at: Self.now, window: .seconds(60)))
            }
        )
        do throws(MetricProblem) {
            switch target {
            case .cpu(let percent, _):
                let result = try calculator.replicas(utilization: percent, of: "cpu", container: nil, metrics)
                return .replicas(result.replicas, Int64(result.utilization ?? -1))
            case .pods(let value):
                let result = try calculator.replicas(averageValue: MilliValue(value), isCPU: false, metrics)
                return .replicas(result.replicas, result.value.thousandths)
            case .object(let value):
                let result = try calculator.replicas(value: MilliValue(value), MilliValue(levels[0]))
                return .replicas(result.replicas, result.value.thousandths)
            case .objectPerPod(let value):
                let result = calculator.replicas(
                    averageValue: MilliValue(value),
                    MilliValue(levels[0]),
                    among: current
                )
                return .replicas(result.replicas, result.value.thousandths)
            }
        } catch {
            return .problem(error)
        }
    }
}
