// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

/// `rollout simulate`, for people and machines: what several sets of rules do with the same traffic.
struct SimulationReport {
    /// One set of rules, and its runs.
    struct Rules {
        var name: String
        var runs: [PolicyRun]
    }

    /// What the traffic is, a line each.
    var head: [String]
    var canary: String
    var rules: [Rules]
    /// Of the judge, where there is one state of it.
    var assessments: [Assessment] = []
    /// What is to be said below.
    var notes: [String] = []
    /// For machines.
    var traffic: Node

    // MARK: - For people

    var text: String {
        let isSingle = rules.allSatisfy { $0.runs.count == 1 }
        var text = head.map { TerminalText.escape($0) + "\n" }.joined() + "\n"
        text += isSingle ? single.text : many.text
        if isSingle, rules.contains(where: { $0.runs[0].steps.count > 1 }) { text += "\n" + steps }
        if !assessments.isEmpty { text += "\n" + RolloutReport.table(assessments).text }
        if !notes.isEmpty { text += "\n" + notes.map { TerminalText.escape($0) + "\n" }.joined() }
        return text
    }

    private var single: Table {
        var table = Table(titles: ["RULES", "OUTCOME", "AFTER", "CANARY REQUESTS", "CANARY FAILURES", "WHY"])
        for rules in rules {
            let run = rules.runs[0]
            table.add([
                rules.name, run.outcome.word, Self.time(run.secondsToPromotion ?? run.seconds),
                Self.count(run.canaryRequests), Self.count(run.canaryErrors), run.reason,
            ])
        }
        return table
    }

    private var many: Table {
        var table = Table(titles: [
            "RULES", "ABORTED", "AFTER", "CANARY REQUESTS", "CANARY FAILURES", "PROMOTED", "AFTER",
        ])
        for rules in rules {
            let figures = RunFigures(rules.runs)
            table.add([
                rules.name, "\(figures.aborted) of \(figures.runs)",
                figures.secondsToAbort.map(Figures.time) ?? "-",
                Self.count(UInt64(figures.canaryRequests)), Self.count(UInt64(figures.canaryErrors)),
                "\(figures.promoted) of \(figures.runs)",
                figures.secondsToPromotion.map(Figures.time) ?? "-",
            ])
        }
        return table
    }

    /// When each share would have been set.
    private var steps: String {
        let width = rules.map(\.name.count).max() ?? 0
        return rules.map { rules in
            let steps = rules.runs[0].steps.map { "\($0.share) at \(Self.time($0.second))" }
            return "\(rules.name.padded(to: width + 3))\(steps.joined(separator: ", "))\n"
        }.joined()
    }

    /// `0 s`, `14 s`, `7 min`.
    static func time(_ seconds: Int) -> String { seconds == 0 ? "0 s" : Figures.time(Double(seconds)) }

    static func count(_ number: UInt64) -> String { NumberText.grouped(Int64(clamping: number)) }

    // MARK: - For machines

    var node: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("RolloutSimulation"),
            "canary": .string(canary),
            "traffic": traffic,
            "rules": .sequence(rules.map(Self.node)),
            "analysis": .sequence(assessments.map(RolloutReport.node)),
        ])
    }

    private static func node(_ rules: Rules) -> Node {
        let figures = RunFigures(rules.runs)
        func median(_ value: Double?) -> Node { value.map(Node.figure) ?? Node(.null) }
        return .mapping([
            "name": .string(rules.name),
            "runs": .integer(Int64(figures.runs)),
            "aborted": .integer(Int64(figures.aborted)),
            "promoted": .integer(Int64(figures.promoted)),
            "medianSecondsToAbort": median(figures.secondsToAbort),
            "medianSecondsToPromotion": median(figures.secondsToPromotion),
            "medianCanaryRequests": .figure(figures.canaryRequests),
            "medianCanaryErrors": .figure(figures.canaryErrors),
            "each": .sequence(rules.runs.map(Self.node)),
        ])
    }

    private static func node(_ run: PolicyRun) -> Node {
        .mapping([
            "outcome": run.outcome == nil ? Node(.null) : .string(run.outcome.word),
            "seconds": .integer(Int64(run.seconds)),
            "canaryRequests": .integer(Int64(clamping: run.canaryRequests)),
            "canaryErrors": .integer(Int64(clamping: run.canaryErrors)),
            "reason": .string(run.reason),
            "steps": .sequence(
                run.steps.map { step in
                    .mapping([
                        "second": .integer(Int64(step.second)), "weight": .figure(step.share.percent),
                    ])
                }
            ),
        ])
    }
}

extension PolicyOutcome? {
    fileprivate var word: String {
        switch self {
        case .promoted: "promoted"
        case .takenBack: "aborted"
        case nil: "undecided"
        }
    }
}
