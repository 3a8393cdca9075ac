// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A rollout as a page of a terminal: split, evidence, errors and latency over time, steps, what happened, and the keys. A function of
/// what is known and the terminal's size alone.
package struct RolloutScreen {
    package static let leastColumns = 40
    package static let leastRows = 10

    private let host: String
    let timeline: RolloutTimeline
    let pods: [String: Pods]
    /// What is asked or told instead of the keys.
    private let notice: String?
    let columns: Int
    private let rows: Int

    /// - Parameters:
    ///   - host: as people know it.
    ///   - pods: by version, of those whose pods a node runs.
    ///   - notice: a question, or what a key's command has said.
    package init(
        host: String,
        timeline: RolloutTimeline,
        pods: [String: Pods] = [:],
        notice: String? = nil,
        columns: Int,
        rows: Int
    ) {
        self.host = host
        self.timeline = timeline
        self.pods = pods
        self.notice = notice
        self.columns = max(columns, Self.leastColumns)
        self.rows = max(rows, Self.leastRows)
    }

    private var state: RolloutState { timeline.state }
    var plan: RolloutPlan { state.plan }
    var nameWidth: Int { min(max(plan.stable.count, plan.canary.count), 12) }

    /// As many as there are rows. What does not fit goes in this order: blank lines, latency, evidence of latency, what happened long ago.
    package var lines: [ScreenLine] {
        let points = timeline.pointsUntilNow
        let head = [title] + message, end = [keys]
        var body = [split + replicas, evidence(all: true), lines(of: points), [steps]]
        func count(_ blanks: Int) -> Int {
            head.count + body.reduce(0) { $0 + $1.count + blanks } + end.count
        }
        if count(1) + 2 > rows { body[1] = evidence(all: false) }
        let blanks = count(1) + 2 <= rows ? 1 : 0
        if count(blanks) + 1 > rows { body[2] = Array(body[2].prefix(2)) }
        var lines = head
        for part in body { lines += (blanks == 1 ? [ScreenLine()] : []) + part }
        let left = rows - lines.count - end.count
        if left > 1 {
            lines += [ScreenLine()] + happened(left - 1)
        } else if left == 1 {
            lines += happened(1)
        }
        lines = Array(lines.prefix(rows - end.count))
        lines += [ScreenLine](repeating: ScreenLine(), count: rows - end.count - lines.count)
        return lines + end
    }

    // MARK: - Head

    private var title: ScreenLine {
        let versions = "\(host)  \(plan.stable) → \(plan.canary)"
        var phase = state.phase.rawValue
        if [.progressing, .paused].contains(state.phase) {
            phase += ", step \(min(state.step + 1, plan.steps.count)) of \(plan.steps.count)"
        }
        if state.attempt > 1 { phase += ", attempt \(state.attempt)" }
        let gap = max(2, columns - versions.count - phase.count)
        return ScreenLine(versions, .bold).adding(String(repeating: " ", count: gap)).adding(phase, tone)
    }

    private var tone: ScreenLine.Tone {
        switch state.phase {
        case .promoted: .good
        case .aborted: .bad
        default: .bold
        }
    }

    /// In two lines at most, broken between words.
    private var message: [ScreenLine] {
        var lines = [""]
        for word in state.message.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty || lines.count == 2 || last.count + 1 + word.count <= columns {
                lines[lines.count - 1] += last.isEmpty ? String(word) : " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { ScreenLine($0, state.phase == .aborted ? .bad : .plain) }
    }

    // MARK: - Split

    private var split: [ScreenLine] {
        let declared = state.declaredShare
        let counts = currentCounts
        let all = counts.canary.assigned &+ counts.stable.assigned
        let observed = all == 0 ? nil : Double(counts.canary.assigned) / Double(all)
        var second = bar("observed", observed)
        if let observed {
            second.add("  \(percent(observed)) of \(all)", .plain)
            if state.judge.isSplitWrong { second.add(", not as declared", .bad) }
        } else {
            second.add("  no requests yet", .faint)
        }
        return [
            bar("declared", declared?.value).adding("  \(declared.map { "\($0)" } ?? "not its own")"), second,
        ]
    }

    /// Since the present setting is in force.
    private var currentCounts: ArmPair {
        var sum = ArmPair()
        for epoch in state.epochs where state.setting(of: epoch) == state.inForce {
            sum.add(state.total(of: epoch))
        }
        return sum
    }

    private func bar(_ name: String, _ share: Double?) -> ScreenLine {
        let line = ScreenLine("\(padded(name, 10))\(padded(plan.stable, nameWidth)) ")
        let width = max(10, columns - 2 * nameWidth - 40)
        guard let share else {
            return line.adding(String(repeating: "·", count: width), .faint).adding(
                " \(padded(plan.canary, nameWidth))"
            )
        }
        var mine = Int((share * Double(width)).rounded())
        if share > 0 { mine = max(mine, 1) }
        if share < 1 { mine = min(mine, width - 1) }
        return line.adding(String(repeating: "█", count: width - mine), .stable)
            .adding(String(repeating: "▒", count: mine), .canary).adding(" \(padded(plan.canary, nameWidth))")
    }

    // MARK: - Evidence

    /// A meter for each metric: full is the alarm.
    ///
    /// - Parameter all: otherwise of errors, and of whatever speaks for harm the most.
    private func evidence(all: Bool) -> [ScreenLine] {
        let metrics = state.judge.metrics
        let assessments = state.judge.assessments(at: state.stepSetting.comparedShare)
        let indices = metrics.indices.filter { index in
            all || index == 0 || metrics[index].progress == metrics.map(\.progress).max()
        }
        return indices.map { line(metrics[$0], assessments[$0]) }
    }

    private func line(_ metric: MetricJudge, _ assessment: Assessment) -> ScreenLine {
        let width = max(8, columns - 68)
        let filled = Int(min(max(metric.progress, 0), 1) * Double(width))
        let tone: ScreenLine.Tone = metric.isWorse ? .bad : assessment.verdict.isFine ? .good : .plain
        let events = "\(assessment.canary.events)/\(assessment.canary.requests)"
        return ScreenLine(padded("\(metric.metric)", 14))
            .adding(String(repeating: "━", count: filled), metric.isWorse ? .bad : .canary)
            .adding(String(repeating: "─", count: width - filled), .faint).adding("┃ ", .bad)
            .adding("\(padded("E \(assessment.evidence)", 19)) ")
            .adding("\(padded(assessment.words, 19)) ", tone)
            .adding(events, .faint)
    }

    // MARK: - Over time

    private func lines(of points: [RolloutTimeline.Point]) -> [ScreenLine] {
        let width = max(10, columns - 30)
        var lines = pair("errors", points, width, { $0.errorRate }) { percent($0) }
        if points.contains(where: { !$0.counts.stable.durations.counts.isEmpty }) {
            lines += pair("p99", points, width, { $0.durations.quantile(0.99) }) {
                "\(Figures.text($0, digits: 3)) ms"
            }
        }
        return lines
    }

    /// Both versions on one scale, with their values of the last points.
    private func pair(
        _ name: String,
        _ points: [RolloutTimeline.Point],
        _ width: Int,
        _ value: (ArmCounts) -> Double?,
        _ text: (Double) -> String
    ) -> [ScreenLine] {
        let stable = points.map { value($0.counts.stable) }
        let canary = points.map { value($0.counts.canary) }
        let top = (stable + canary).compactMap(\.self).max()
        func line(
            _ title: String,
            _ version: String,
            _ values: [Double?],
            _ last: Double?,
            _ tone: ScreenLine.Tone
        ) -> ScreenLine {
            let spark = Sparkline.text(values, width: width, top: top)
            return ScreenLine("\(padded(title, 10))\(padded(version, nameWidth)) ").adding(
                padded(spark, width),
                tone
            )
            .adding(last.map { "  \(text($0))" } ?? "")
        }
        // One second of few requests says little.
        var lately = ArmPair()
        for point in points.suffix(10) { lately.add(point.counts) }
        return [
            line(name, plan.stable, stable, value(lately.stable), .stable),
            line("", plan.canary, canary, value(lately.canary), .canary),
        ]
    }

    // MARK: - Steps and what happened

    private var steps: ScreenLine {
        var line = ScreenLine(padded("steps", 10))
        for (index, step) in plan.steps.enumerated() {
            let isDone = state.phase == .promoted || index < state.step
            let isCurrent = index == state.step && [.progressing, .paused].contains(state.phase)
            let mark = isDone ? "✓ " : isCurrent ? "▶ " : "  "
            line.add("\(mark)\(step.setting)  ", isDone ? .good : isCurrent ? .bold : .faint)
        }
        return line
    }

    private func happened(_ count: Int) -> [ScreenLine] {
        timeline.marks.suffix(count).map { mark in
            let time = CalendarTime(milliseconds: mark.wallMilliseconds).text.dropFirst(11).prefix(8)
            let tone: ScreenLine.Tone = mark.tone == .bad ? .bad : mark.tone == .good ? .good : .plain
            return ScreenLine("\(time)  ", .faint).adding(mark.text, tone)
        }
    }

    private var keys: ScreenLine {
        if let notice { return ScreenLine(notice, .bold) }
        return ScreenLine("p promote  P promote fully  h hold  r resume  a abort  +/- share  q quit", .faint)
    }

    // MARK: - Texts

    private func percent(_ share: Double) -> String { "\(Figures.text(share * 100, digits: 3)) %" }

    /// Cut or filled up to a width.
    func padded(_ text: String, _ width: Int) -> String {
        guard text.count <= width else { return "\(text.prefix(width - 1))…" }
        return text + String(repeating: " ", count: width - text.count)
    }
}
