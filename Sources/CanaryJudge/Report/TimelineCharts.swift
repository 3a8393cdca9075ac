// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A timeline's values, as charts and sparklines show them.
extension RolloutTimeline.Point {
    var canaryRequests: UInt64 { counts.canary.assigned }
    var requests: UInt64 { counts.canary.assigned &+ counts.stable.assigned }

    /// `nil` without requests.
    var observedShare: Double? { requests == 0 ? nil : Double(canaryRequests) / Double(requests) }
}

extension ArmCounts {
    /// `nil` without requests that ended.
    package var errorRate: Double? { ended == 0 ? nil : Double(errors) / Double(ended) }
}

extension RolloutTimeline {
    /// How many seconds all points take.
    var length: Double { max(Double(points.count) * width, width) }

    var charts: [Chart] {
        let points = pointsUntilNow
        let coarse = Self.coarse(points)
        return [split(points), evidence(points), errors(coarse), latency(coarse)].compactMap(\.self)
    }

    /// Rates of few requests say little: at most 60 points, of neighbours together.
    private static func coarse(_ points: [Point]) -> [Point] {
        let group = max((points.count + 59) / 60, 1)
        return stride(from: 0, to: points.count, by: group).map { start in
            var point = Point()
            for other in points[start..<min(start + group, points.count)] { point.counts.add(other.counts) }
            return point
        }
    }

    private func chart(_ title: String, _ lines: [Chart.Line], top: Double, _ scale: [String]) -> Chart {
        Chart(
            title: title,
            lines: lines,
            top: top,
            scale: scale,
            marks: steps.map { $0.seconds / length },
            span: ("0 s", Figures.time(length))
        )
    }

    private func split(_ points: [Point]) -> Chart {
        let canary = state.plan.canary
        return chart(
            "Split",
            [
                Chart.Line(
                    name: "\(canary), declared",
                    style: "canary",
                    values: points.map { $0.share?.value },
                    isFilled: true,
                    isStepped: true
                ),
                Chart.Line(name: "observed", style: "observed", values: points.map(\.observedShare)),
            ],
            top: 1,
            ["100 %", "50 %", "0 %"]
        )
    }

    private func evidence(_ points: [Point]) -> Chart? {
        let metrics = state.judge.metrics
        guard !metrics.isEmpty else { return nil }
        let lines = metrics.enumerated().map { index, metric in
            Chart.Line(
                name: "\(metric.metric)",
                style: "m\(index % 6)",
                values: points.map { $0.evidence.indices.contains(index) ? $0.evidence[index] : nil }
            )
        }
        var chart = chart("Evidence of harm", lines, top: 1, ["alarm", "", "none"])
        chart.limit = (1, "alarm")
        return chart
    }

    private func errors(_ points: [Point]) -> Chart {
        rates("Errors", points) {
            $0.errorRate
        } label: {
            "\(Figures.text($0 * 100, digits: 3)) %"
        }
    }

    private func latency(_ points: [Point]) -> Chart? {
        guard points.contains(where: { !$0.counts.stable.durations.counts.isEmpty }) else { return nil }
        return rates("Latency, p99 and p50", points, name: { "\($0) p99" }) {
            $0.durations.quantile(0.99)
        } label: {
            "\(Figures.text($0, digits: 3)) ms"
        } second: {
            $0.durations.quantile(0.5)
        }
    }

    private func rates(
        _ title: String,
        _ points: [Point],
        name: (String) -> String = { $0 },
        _ value: (ArmCounts) -> Double?,
        label: (Double) -> String,
        second: ((ArmCounts) -> Double?)? = nil
    ) -> Chart {
        let plan = state.plan
        var lines = [
            Chart.Line(
                name: name(plan.stable),
                style: "stable",
                values: points.map { value($0.counts.stable) }
            ),
            Chart.Line(
                name: name(plan.canary),
                style: "canary",
                values: points.map { value($0.counts.canary) }
            ),
        ]
        if let second {
            lines += [
                Chart.Line(
                    name: "\(plan.stable) p50",
                    style: "stable thin",
                    values: points.map { second($0.counts.stable) }
                ),
                Chart.Line(
                    name: "\(plan.canary) p50",
                    style: "canary thin",
                    values: points.map { second($0.counts.canary) }
                ),
            ]
        }
        let top = Chart.top(above: lines.flatMap(\.values).compactMap(\.self).max() ?? 0)
        return chart(title, lines, top: top, [label(top), label(top / 2), label(0)])
    }
}
