// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

/// `rollout plan`, for people and machines.
struct RolloutForecast {
    let plan: RolloutPlan
    /// A full name.
    let host: String?
    let requestsPerSecond: Double
    let errorRate: Double
    /// Where these figures come from.
    let source: String
    private let detection: DetectionPlan

    init(_ plan: RolloutPlan, host: String?, requestsPerSecond: Double, errorRate: Double, source: String) {
        self.plan = plan
        self.host = host
        self.requestsPerSecond = requestsPerSecond
        self.errorRate = errorRate
        self.source = source
        detection = DetectionPlan(plan, requestsPerSecond: requestsPerSecond, errorRate: errorRate)
    }

    private func seconds(_ requests: Double) -> Double { requests / requestsPerSecond }

    // MARK: - For people

    var text: String {
        let of = host.map { " of \(HostName.short($0))" } ?? ""
        let ramp = plan.ramp == .fixed ? "by the clock" : "by evidence"
        let steps = plan.steps.map { "\($0.setting)" }.joined(separator: ", ")
        let head = [
            "\(plan.stable) → \(plan.canary)\(of) in steps of \(steps), \(ramp)",
            "\(Figures.text(requestsPerSecond, digits: 3)) requests/s, \(percent(errorRate)) of them fail (\(source))",
        ]
        return head.map { TerminalText.escape($0) + "\n" }.joined() + "\n" + cases.text + "\n" + healthy
    }

    private var cases: Table {
        var table = Table(titles: [
            "IF \(plan.canary) FAILS".uppercased(), "CAUGHT AFTER", "REQUESTS", "AT", "9 IN 10 AFTER",
            "AFFECTED",
        ])
        for found in detection.cases {
            let rate = min(found.ratio * errorRate, 1)
            let row = "\(Figures.text(found.ratio, digits: 3)) times as often, \(percent(rate))"
            guard let median = found.medianRequests, let step = found.step else {
                table.add([row, "not by the steps", "-", "-", "-", requests(found.affectedRequests)])
                continue
            }
            table.add([
                row, Figures.time(seconds(median)), requests(median), "\(detection.steps[step].share)",
                found.ninetiethRequests.map { Figures.time(seconds($0)) } ?? "-",
                requests(found.affectedRequests),
            ])
        }
        return table
    }

    private var healthy: String {
        var table = Table(titles: ["STEP", "REQUESTS", "TIME"])
        for step in detection.steps {
            table.add(["\(step.share)", requests(step.requests), Figures.time(seconds(step.requests))])
        }
        let whole = detection.healthyRequests
        let chance = percent(plan.rules.alpha)
        let time = Figures.time(seconds(whole))
        let warmUp = detection.warmUp.components.seconds
        let of = warmUp > 0 ? ", of which the first \(Figures.time(Double(warmUp))) warm it up" : ""
        return (table.isEmpty ? "" : table.text + "\n")
            + """
            a healthy one has all traffic after about \(time), \(requests(whole)) requests\(of);
            the chance that it is taken back all the same is at most \(chance)

            """
    }

    private func percent(_ share: Double) -> String { "\(Figures.text(share * 100, digits: 2)) %" }

    /// In two digits: more than that nobody knows.
    private func requests(_ count: Double) -> String {
        guard count < 1e15 else { return Figures.text(count, digits: 2) }
        var scale = 1.0
        while count / scale >= 99.5 { scale *= 10 }
        return NumberText.grouped(Int64((count / scale).rounded(.up) * scale))
    }

    // MARK: - For machines

    var node: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("RolloutForecast"),
            "host": host.map { .string($0) } ?? Node(.null),
            "stable": .string(plan.stable),
            "canary": .string(plan.canary),
            "alpha": .figure(plan.rules.alpha),
            "requestsPerSecond": .figure(requestsPerSecond),
            "errorRate": .figure(errorRate),
            "cases": .sequence(detection.cases.map(node)),
            "steps": .sequence(
                detection.steps.map { step in
                    .mapping([
                        "weight": .figure(step.share.percent), "requests": .figure(step.requests.rounded()),
                        "seconds": .figure(seconds(step.requests)),
                    ])
                }
            ),
            "healthy": .mapping([
                "requests": .figure(detection.healthyRequests.rounded()),
                "seconds": .figure(seconds(detection.healthyRequests)),
                "warmUpSeconds": .figure(Double(detection.warmUp.components.seconds)),
            ]),
        ])
    }

    private func node(_ found: DetectionPlan.Case) -> Node {
        func span(_ requests: Double?) -> Node {
            guard let requests else { return Node(.null) }
            return .mapping([
                "requests": .figure(requests.rounded()), "seconds": .figure(seconds(requests)),
            ])
        }
        return .mapping([
            "ratio": .figure(found.ratio),
            "errorRate": .figure(min(found.ratio * errorRate, 1)),
            "caught": span(found.medianRequests),
            "ninetieth": span(found.ninetiethRequests),
            "weight": found.step.map { .figure(detection.steps[$0].share.percent) } ?? Node(.null),
            "canaryRequests": .figure(found.canaryRequests.rounded()),
            "affectedRequests": .figure(found.affectedRequests),
        ])
    }
}
