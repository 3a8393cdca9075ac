// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension RolloutPage {
    /// In GitHub's flavour, for the description of a pull request or a comment.
    package var markdown: String {
        """
        ## \(Markup.markdown(title))

        **\(state.phase.rawValue)**: \(Markup.markdown(state.message))

        \(facts.map { "- \(Markup.markdown($0.0)): \(Markup.markdown($0.1))" }.joined(separator: "\n"))

        \(timeline.points.isEmpty ? "" : "\(pictures)\n\n")\(table)

        <details><summary>Journal</summary>

        \(lines)

        </details>

        """
    }

    /// Sparklines keep their columns in a block of code alone; no name is in it.
    private var pictures: String {
        let points = timeline.pointsUntilNow
        func spark(_ value: (RolloutTimeline.Point) -> Double?, top: Double? = nil) -> String {
            Sparkline.text(points.map(value), width: 60, top: top)
        }
        let errors = points.flatMap { [$0.counts.stable.errorRate, $0.counts.canary.errorRate] }
            .compactMap(\.self).max()
        var lines = [
            "canary's share  \(spark({ $0.share?.value }, top: 1))",
            "errors  stable  \(spark({ $0.counts.stable.errorRate }, top: errors))",
            "        canary  \(spark({ $0.counts.canary.errorRate }, top: errors))",
        ]
        if timeline.charts.count > 3 {
            let quantile = { (counts: ArmCounts) in counts.durations.quantile(0.99) }
            let top = points.flatMap { [quantile($0.counts.stable), quantile($0.counts.canary)] }
                .compactMap(\.self).max()
            lines.append("p99     stable  \(spark({ quantile($0.counts.stable) }, top: top))")
            lines.append("        canary  \(spark({ quantile($0.counts.canary) }, top: top))")
        }
        return "```\n\(lines.joined(separator: "\n"))\n```"
    }

    private var table: String {
        let level = Figures.text(100 * (1 - plan.rules.alpha), digits: 4)
        let titles = ["Metric", "Verdict", "E-value", "Ratio, \(level) %", plan.canary, plan.stable]
        let rows = assessments.map { assessment in
            [
                "\(assessment.metric)", assessment.words, assessment.evidence, assessment.ratioText,
                "\(assessment.canary.events) of \(assessment.canary.requests)",
                "\(assessment.stable.events) of \(assessment.stable.requests)",
            ]
        }
        return ([titles, titles.map { _ in "---" }] + rows).enumerated().map { index, row in
            "| \(row.map { index == 1 ? $0 : Markup.markdown($0) }.joined(separator: " | ")) |"
        }.joined(separator: "\n")
    }

    private var lines: String {
        let lost =
            timeline.lostMarks > 0 ? ["- \(timeline.lostMarks) entries behind the first are left out"] : []
        let marks = timeline.marks.map { mark in
            let text = Markup.markdown(mark.text)
            return "- `\(Self.time(mark))` \(mark.tone == .bad ? "**\(text)**" : text)"
        }
        return (lost + marks).joined(separator: "\n")
    }
}
