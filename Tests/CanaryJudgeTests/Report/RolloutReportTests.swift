// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct RolloutReportTests {
    private func journal(canary: Double, seconds: Int = 600, rate: Double = 100) -> [JournalEntry] {
        var traffic = Traffic(seed: 7, median: 20)
        traffic.canary.errorRate = canary
        traffic.requestsPerSecond = rate
        var policy = JudgePolicy(.test([10, 50, 100]))
        for _ in 0..<seconds where policy.outcome == nil { policy.second(traffic.second(at: policy.share)) }
        return policy.journal
    }

    @Test func `a timeline adds up to what the journal has, in any length`() throws {
        for seconds in [3, 240, 241, 700] {
            let journal = journal(canary: 0.005, seconds: seconds, rate: 20)
            let timeline = try #require(RolloutTimeline(replaying: journal))
            var sum = ArmPair()
            for point in timeline.points { sum.add(point.counts) }
            #expect(sum == timeline.totals)
            #expect(timeline.points.count <= RolloutTimeline.mostPoints)
            let watched = journal.reduce(Duration.zero) { sum, entry in
                if case .watched(let time, _) = entry.event { sum + time } else { sum }
            }
            #expect(timeline.seconds == Double(watched.components.seconds))
            #expect(Double(timeline.points.count) * timeline.width >= timeline.seconds)
            #expect(timeline.state == RolloutState(replaying: journal))
            let last = try #require(timeline.pointsUntilNow.last)
            #expect(last.evidence == timeline.state.judge.metrics.map(\.progress))
        }
        #expect(RolloutTimeline(replaying: journal(canary: 0).dropFirst()) == nil)
    }

    @Test func `sentences are bounded, and the first stays`() throws {
        var bench = Bench(.test())
        for _ in 0..<400 {
            bench.order(.pause)
            bench.order(.resume)
        }
        let timeline = try #require(RolloutTimeline(replaying: bench.journal))
        #expect(timeline.marks.count == RolloutTimeline.mostMarks)
        #expect(timeline.marks[0].text.hasPrefix("started"))
        #expect(timeline.lostMarks > 0)
        let page = RolloutPage(name: "web", host: "web.default", timeline: timeline)
        #expect(page.html.contains("\(timeline.lostMarks) entries"))
    }

    @Test func `a page tells the verdict, and loads nothing`() throws {
        let timeline = try #require(RolloutTimeline(replaying: journal(canary: 0.2)))
        let page = RolloutPage(name: "web", host: "web.default", timeline: timeline)
        let html = page.html
        #expect(html.contains("<span class=\"phase Aborted\">Aborted</span>"))
        #expect(html.contains("canary errors"))
        for foreign in ["http:", "https:", "<script", "url(", "src=", "@import"] {
            #expect(!html.contains(foreign), "\(foreign)")
        }
        #expect(html.count { $0 == "<" } == html.count { $0 == ">" })
        #expect(html.components("<svg") == 4)
        #expect(page.markdown.contains("**Aborted**"))
        #expect(page.markdown.contains("▁"))
    }

    @Test func `whatever others named or said does no harm`() throws {
        let evil =
            "</title><script>alert('1')</script>\" onload=x @everyone #1 [a](http://b) | `c` \u{202E}\n\u{1B}[31m"
        var bench = Bench(.test([10, 100]) { $0.rules.quantiles = [] })
        bench.order(.abort, reason: evil)
        var journal = bench.journal
        if case .started(var plan) = journal[0].event {
            (plan.stable, plan.canary) = (evil, "v2\(evil)")
            journal[0].event = .started(plan)
        }
        let timeline = try #require(RolloutTimeline(replaying: journal))
        let page = RolloutPage(name: evil, host: evil, timeline: timeline)
        let html = page.html
        #expect(!html.contains("<script"))
        #expect(!html.contains("</title><"))
        #expect(!html.contains("\" onload"))
        let markdown = page.markdown
        #expect(!markdown.contains("<script"))
        #expect(!markdown.contains("](http"))
        #expect(!markdown.contains("@everyone"))
        // A cell stays one.
        let table = markdown.split(separator: "\n").filter { $0.hasPrefix("| ") }
        #expect(table.allSatisfy { $0.replacing("\\|", with: "").count { $0 == "|" } == 7 })
        for text in [html, markdown] {
            #expect(!text.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{1B}" })
        }
    }

    @Test func `a rollout that has not begun has a page, too`() {
        let timeline = RolloutTimeline(.test())
        let page = RolloutPage(name: "web", host: "web.default", timeline: timeline)
        #expect(page.html.contains("Pending"))
        #expect(page.markdown.contains("Pending"))
    }

    @Test func `sparklines have one scale, gaps and means`() {
        #expect(Sparkline.text([0, 1, nil, 4], width: 10) == "▁▂ █")
        #expect(Sparkline.text([1, 3, 2, 2], width: 2, top: 4) == "▄▄")
        #expect(Sparkline.text([nil, nil], width: 5) == "  ")
        #expect(Sparkline.text([0, 0], width: 5) == "▁▁")
        #expect(Sparkline.text([], width: 5) == "")
        #expect(Sparkline.text([.infinity, 1], width: 5) == " █")
    }
}

extension String {
    fileprivate func components(_ word: String) -> Int { ranges(of: word).count }
}
