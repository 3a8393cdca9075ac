// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct RolloutScreenTests {
    private static func timeline(canary: Double = 0.005, seconds: Int = 40) throws -> RolloutTimeline {
        var traffic = Traffic(seed: 3, median: 20)
        traffic.canary.errorRate = canary
        var policy = JudgePolicy(.test([10, 50, 100]))
        for _ in 0..<seconds where policy.outcome == nil { policy.second(traffic.second(at: policy.share)) }
        return try #require(RolloutTimeline(replaying: policy.journal))
    }

    private func lines(
        _ timeline: RolloutTimeline,
        _ columns: Int = 80,
        _ rows: Int = 24,
        pods: [String: RolloutScreen.Pods] = [:],
        notice: String? = nil
    )
        -> [String]
    {
        RolloutScreen(
            host: "web.default",
            timeline: timeline,
            pods: pods,
            notice: notice,
            columns: columns,
            rows: rows
        ).lines.map(\.text)
    }

    @Test func `a page of 80 columns and 24 rows has everything`() throws {
        let page = lines(try Self.timeline())
        #expect(page.count == 24)
        #expect(page.allSatisfy { $0.count <= 80 })
        #expect(page[0].hasPrefix("web.default  v1 → v2  "))
        #expect(page[0].hasSuffix("Progressing, step 1 of 3"))
        #expect(page.contains { $0.hasPrefix("declared  v1 █") && $0.contains("▒ v2  10 %") })
        #expect(page.contains { $0.hasPrefix("observed  v1 █") })
        for metric in ["errors", "latency-p50", "latency-p90", "latency-p99", "answers"] {
            #expect(page.contains { $0.hasPrefix(metric) && $0.contains("┃ E ") }, "\(metric)")
        }
        #expect(page.contains { $0.hasPrefix("p99       v1 ") })
        #expect(page.contains { $0.hasPrefix("steps     ▶ 10 %    50 %    100 %") })
        #expect(page.contains { $0.contains("started: v1 → v2") })
        #expect(page[23].contains("q quit"))
        #expect(
            lines(try Self.timeline(), notice: "$ canaryctl rollout abort web")[23].hasPrefix("$ canaryctl")
        )
    }

    @Test func `pods that a node runs are told with what they have to do`() throws {
        let pods = ["v1": RolloutScreen.Pods(ready: 3, declared: 3), "v2": .init(ready: 0, declared: 1)]
        let page = lines(try Self.timeline(), pods: pods)
        #expect(page.count == 24 && page.allSatisfy { $0.count <= 80 })
        let line = try #require(page.first { $0.hasPrefix("pods      v1 3/3 ready, ") })
        #expect(line.contains("/s, each ") && line.contains("   v2 0/1 ready, "))
        // About 90 and 10 of 100 requests a second.
        let rates = line.matches(of: /ready, ([0-9.]+)\/s/).compactMap { Double($0.output.1) }
        try #require(rates.count == 2)
        #expect(abs(rates[0] - 90) < 12 && abs(rates[1] - 10) < 5)
        // All else is still there.
        for text in ["latency-p99", "p99 ", "steps ", "observed"] {
            #expect(page.contains { $0.hasPrefix(text) }, "\(text)")
        }
        #expect(!lines(try Self.timeline()).contains { $0.hasPrefix("pods") })
        #expect(
            lines(try Self.timeline(), 60, 24, pods: pods).contains {
                $0.hasPrefix("pods") && !$0.contains("each")
            }
        )
    }

    @Test func `whatever the size, the page has it`() throws {
        for timeline in [try Self.timeline(), try Self.timeline(canary: 0.3), RolloutTimeline(.test())] {
            for (columns, rows) in [
                (80, 24), (81, 25), (100, 30), (200, 60), (40, 10), (60, 16), (80, 20), (300, 24),
            ] {
                let page = lines(timeline, columns, rows)
                #expect(page.count == rows)
                #expect(page[0].contains(timeline.state.phase.rawValue))
                #expect(page[rows - 1].contains("q quit"))
                // Sentences of what happened are cut by whoever paints them.
                let widths = page.filter { !$0.hasPrefix("00:00:") }.map(\.count)
                #expect(columns < 80 || widths.max() ?? 0 <= columns, "\(columns) \(rows)")
            }
            #expect(lines(timeline, 0, 0).count == RolloutScreen.leastRows)
        }
    }

    @Test func `an alarm fills its meter`() throws {
        let timeline = try Self.timeline(canary: 0.3)
        let page = lines(timeline)
        #expect(page[0].hasSuffix("Aborted"))
        // The whole sentence, in two lines.
        #expect("\(page[1]) \(page[2])" == timeline.state.message)
        #expect(
            page.contains { $0.hasPrefix("errors") && $0.contains("━━━━━━━━━━━━┃") && $0.contains("worse") }
        )
        #expect(page.contains { $0.contains("aborted: ") })
    }

    @Test func `what harmed is seen where little fits`() throws {
        let page = lines(try Self.timeline(canary: 0.3), 80, 12)
        #expect(page.contains { $0.hasPrefix("errors") && $0.contains("worse") })
    }

    @Test func `the page follows from its input alone`() throws {
        let timeline = try Self.timeline()
        #expect(lines(timeline) == lines(timeline))
    }
}
