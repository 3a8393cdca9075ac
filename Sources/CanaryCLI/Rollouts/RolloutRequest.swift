// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

/// What somebody asked for, as the store keeps it.
struct RolloutRequest {
    var plan: RolloutPlan
    /// The route's name or number; `nil` is the one that takes every request.
    var route: String?
    /// The clients' namespace, which decides which routes there are.
    var namespace: String

    var text: String {
        JSONWriter.write(
            .mapping([
                "plan": plan.json, "route": route.map { .string($0) } ?? Node(.null),
                "namespace": .string(namespace),
            ]),
            pretty: false
        )
    }

    init(plan: RolloutPlan, route: String?, namespace: String) {
        self.plan = plan
        self.route = route
        self.namespace = namespace
    }

    /// `nil` where the text is none.
    init?(text: String) {
        guard let node = try? JSONReader.read(text), let plan = node["plan"].flatMap(RolloutPlan.init(json:)),
            let namespace = node["namespace"]?.string
        else { return nil }
        self.init(plan: plan, route: node["route"]?.string, namespace: namespace)
    }
}

/// The words of orders, in the store and on the command line.
enum RolloutVerb: String, CaseIterable {
    case pause, resume, promote, promoteFull, abort, retry

    var command: Command {
        switch self {
        case .pause: .pause
        case .resume: .resume
        case .promote: .promote
        case .promoteFull: .promoteFull
        case .abort: .abort
        case .retry: .retry
        }
    }
}
