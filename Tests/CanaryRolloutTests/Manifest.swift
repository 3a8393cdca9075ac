// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

@testable import CanaryRollout

/// A Rollout with metrics and notifications, written as JSON.
enum Manifest {
    static func spec(_ metrics: [String], notifications: [String] = []) throws -> RolloutSpec {
        let text = """
            {"spec": {"host": "shop", "canary": "v2", "ramp": "fixed", "hold": "1ms", "steps": [10, 100],
            "analysis": {"metrics": [\(metrics.joined(separator: ","))]},
            "notifications": [\(notifications.joined(separator: ","))]}}
            """
        return RolloutSpec(try JSONReader.read(text))
    }

    static func metric(_ text: String) throws -> RolloutMetric { try spec([text]).analysis.metrics[0] }

    static func subject(_ metrics: [String], notifications: [String] = []) throws -> RolloutSubject {
        RolloutSubject(
            name: "shop",
            namespace: "web",
            host: "shop.web.svc.cluster.local",
            checksum: "sum",
            try spec(metrics, notifications: notifications)
        )
    }

    /// One that gives the canary a tenth.
    static var state: RolloutState {
        let share = RouteSetting.split(Share(percent: 10))
        let plan = RolloutPlan(stable: "v1", canary: "v2", steps: [.init(share)])
        let events: [RolloutEvent] = [
            .started(plan), .stepBegan(0), .settingInForce(share, epoch: "e", counted: ArmPair()),
        ]
        let entries = events.enumerated().map {
            JournalEntry(number: $0.offset + 1, wallMilliseconds: 0, event: $0.element)
        }
        return RolloutState(replaying: entries) ?? RolloutState(plan)
    }
}
