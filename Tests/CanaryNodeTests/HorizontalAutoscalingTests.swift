// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryNode

/// What the autoscalers of a store do with its Deployments, turn by turn, with pods and measurements that the tests make up.
@Suite struct HorizontalAutoscalingTests {
    private static let web = ResourceKey(.deployment, namespace: "default", name: "web")

    private func autoscaler(
        _ name: String = "web",
        of target: String = "web",
        uid: String = "1",
        max: Int = 5
    )
        -> Resource
    {
        var resource = object(
            .horizontalPodAutoscaler,
            name,
            [
                "spec": [
                    "scaleTargetRef": [
                        "apiVersion": "apps/v1", "kind": "Deployment", "name": .string(target),
                    ],
                    "maxReplicas": .integer(Int64(max)),
                    "metrics": [
                        [
                            "type": "Resource",
                            "resource": [
                                "name": "cpu",
                                "target": ["type": "AverageValue", "averageValue": "100m"],
                            ],
                        ]
                    ],
                    "behavior": ["scaleDown": ["stabilizationWindowSeconds": 0]],
                ]
            ]
        )
        resource.stored = StoredMeta(uid: uid, revision: 1, createdRevision: 1, generation: 1, createdAt: 0)
        return resource
    }

    private func sight(_ autoscalers: [Resource], replicas: Int = 1) -> HorizontalAutoscaling.Sight {
        let pods = (0..<replicas).map { number in
            MeasuredPod(
                ResourceKey(.pod, namespace: "default", name: "web-\(number)"),
                of: Self.web,
                ObservedPod(
                    "web-\(number)",
                    startTime: at(-1000),
                    readiness: .init(isReady: true, since: at(-1000)),
                    containers: [.init("app", requests: [:])]
                ),
                roots: [:]
            )
        }
        let deployment = object(.deployment, "web", ["spec": ["replicas": .integer(Int64(replicas))]])
        return .init(autoscalers: autoscalers, deployments: [Self.web: deployment], pods: pods)
    }

    private func at(_ seconds: Int64) -> TimePoint { TimePoint(milliseconds: seconds * 1000) }

    /// One turn in which each pod uses so many thousandths of a processor.
    private func turn(
        _ autoscaling: inout HorizontalAutoscaling,
        _ sight: HorizontalAutoscaling.Sight,
        at seconds: Int64 = 0,
        using used: Int64 = 250,
        failing error: String? = nil
    ) -> (orders: [Int], outcomes: [HorizontalAutoscaling.Outcome]) {
        var orders: [Int] = []
        let outcomes = autoscaling.turn(sight, at: at(seconds)) { _, pods in
            let metric = PodMetric(MilliValue(used), at: at(seconds), window: .seconds(1))
            return .pods(Dictionary(uniqueKeysWithValues: pods.map { ($0.key.name, metric) }))
        } scale: { order in
            #expect(order.deployment == Self.web)
            orders.append(order.decision.desired)
            return error
        }
        return (orders, outcomes)
    }

    @Test func asksForWhatTheMetricsSay() {
        var autoscaling = HorizontalAutoscaling()
        let up = turn(&autoscaling, sight([autoscaler()]))
        #expect(up.orders == [3])
        #expect(up.outcomes.first?.events.map(\.reason) == ["SuccessfulRescale"])
        #expect(up.outcomes.first?.lastScaleTime == at(0))
        #expect(up.outcomes.first?.report.targets == "cpu: 250m/100m")
        let down = turn(&autoscaling, sight([autoscaler()], replicas: 3), at: 60, using: 10)
        #expect(down.orders == [1])
        #expect(turn(&autoscaling, sight([autoscaler()]), at: 120, using: 100).orders == [])
    }

    @Test func anEditHoldsAtOnceAndHandsAreRespected() {
        var autoscaling = HorizontalAutoscaling()
        #expect(turn(&autoscaling, sight([autoscaler(max: 2)])).orders == [2])
        // Somebody else scaled: what is there counts, within the bounds.
        #expect(turn(&autoscaling, sight([autoscaler(max: 2)], replicas: 7), at: 60).orders == [2])
        #expect(turn(&autoscaling, sight([autoscaler(max: 9)], replicas: 2), at: 120).orders == [5])
    }

    @Test func aRefusalIsTriedAgain() {
        var autoscaling = HorizontalAutoscaling()
        let refused = turn(&autoscaling, sight([autoscaler()]), failing: "somebody was faster")
        #expect(refused.outcomes.first?.events.map(\.reason) == ["FailedRescale"])
        #expect(refused.outcomes.first?.lastScaleTime == nil)
        #expect(
            refused.outcomes.first?.report.conditionRows.contains {
                $0[0] == "AbleToScale" && $0[2] == "FailedUpdateScale"
                    && $0[3].contains("somebody was faster")
            } == true
        )
        #expect(turn(&autoscaling, sight([autoscaler()]), at: 15).orders == [3])
    }

    @Test func rivalsLeaveTheirDeploymentAlone() {
        var autoscaling = HorizontalAutoscaling()
        let both = turn(&autoscaling, sight([autoscaler("a"), autoscaler("b")]))
        #expect(both.orders == [])
        #expect(
            both.outcomes.map { $0.events.map(\.reason) } == [["AmbiguousSelector"], ["AmbiguousSelector"]]
        )
        // One of them is deleted.
        #expect(turn(&autoscaling, sight([autoscaler("b")]), at: 15).orders == [3])
    }

    @Test func aTargetThatIsMissingIsTold() {
        var autoscaling = HorizontalAutoscaling()
        let outcome = turn(&autoscaling, sight([autoscaler(of: "nobody")])).outcomes.first
        #expect(outcome?.events.map(\.message) == ["deployments.apps \"nobody\" not found"])
        #expect(outcome?.report.conditionRows.map { $0[2] } == ["FailedGetScale"])
        #expect(outcome?.report.targets == "cpu: <unknown>/100m")
    }

    @Test func oneMadeAnewRemembersNothing() {
        var autoscaling = HorizontalAutoscaling()
        #expect(turn(&autoscaling, sight([autoscaler()])).outcomes.first?.lastScaleTime == at(0))
        let new = turn(&autoscaling, sight([autoscaler(uid: "2")], replicas: 3), at: 15, using: 100)
        #expect(new.outcomes.first?.lastScaleTime == nil)
    }
}
