// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryReplicas

/// The cases of Kubernetes' `TestGroupPods`, by their names there; times are ages in seconds.
@Suite struct PodGroupsTests {
    enum Group: Sendable {
        case ready, unready, ignored, missing
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isCPU = true
        var phase = PodPhase.running
        var isTerminating = false
        var start: Int? = 180
        /// Whether it is ready, and since when.
        var ready: (Bool, Int)? = (true, 180)
        /// How old the measurement is and how long its window.
        var metric: (Int, Int)? = (0, 30)
        var expected: Group
    }

    static let cases: [Case] = [
        .init(
            testDescription: "count in a ready pod - memory",
            isCPU: false,
            phase: .succeeded,
            start: nil,
            ready: nil,
            expected: .ready
        ),
        .init(
            testDescription: "ignore a pod without ready condition - CPU",
            start: 0,
            ready: nil,
            expected: .unready
        ),
        .init(
            testDescription: "count in a ready pod with fresh metrics during initialization period - CPU",
            start: 60,
            ready: (true, 30),
            metric: (0, 30),
            expected: .ready
        ),
        .init(
            testDescription: "ignore a ready pod without fresh metrics during initialization period - CPU",
            start: 60,
            ready: (true, 30),
            metric: (0, 60),
            expected: .unready
        ),
        .init(
            testDescription: "ignore an unready pod during initialization period - CPU",
            start: 90,
            ready: (false, 60),
            metric: (0, 60),
            expected: .unready
        ),
        .init(
            testDescription: "count in a ready pod without fresh metrics after initialization period - CPU",
            start: 180,
            ready: (true, 180),
            metric: (120, 60),
            expected: .ready
        ),
        .init(
            testDescription: "count in an unready pod that was ready after initialization period - CPU",
            start: 600,
            ready: (false, 180),
            expected: .ready
        ),
        .init(
            testDescription: "ignore pod that has never been ready after initialization period - CPU",
            start: 600,
            ready: (false, 599),
            expected: .unready
        ),
        .init(testDescription: "a missing pod", metric: nil, expected: .missing),
        .init(testDescription: "pending pods are ignored", phase: .pending, expected: .unready),
        .init(testDescription: "failed pods are skipped", phase: .failed, expected: .ignored),
        .init(testDescription: "deleted pods are skipped", isTerminating: true, expected: .ignored),
    ]

    @Test(arguments: cases)
    func `pods are grouped as in Kubernetes`(_ example: Case) {
        let now = CalculatorCase.now
        let pod = ObservedPod(
            "bentham",
            phase: example.phase,
            isTerminating: example.isTerminating,
            startTime: example.start.map { now - .seconds($0) },
            readiness: example.ready.map { .init(isReady: $0.0, since: now - .seconds($0.1)) },
            containers: []
        )
        let metric = example.metric.map {
            PodMetric(MilliValue(1), at: now - .seconds($0.0), window: .seconds($0.1))
        }
        let groups = PodGroups(
            [pod],
            metrics: metric.map { ["bentham": $0] } ?? [:],
            isCPU: example.isCPU,
            ReplicaCalculator(
                cpuInitializationPeriod: .seconds(120),
                readinessDelay: .seconds(10),
                now: now,
                pods: [],
                current: 1
            )
        )
        #expect(groups.readyCount == (example.expected == .ready ? 1 : 0))
        #expect(groups.unready == (example.expected == .unready ? ["bentham"] : []))
        #expect(groups.ignored == (example.expected == .ignored ? ["bentham"] : []))
        #expect(groups.missing == (example.expected == .missing ? ["bentham"] : []))
    }
}
