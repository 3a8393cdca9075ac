// SPDX-License-Identifier: Apache-2.0

import Glibc

extension RolloutPage {
    /// A whole document in UTF-8.
    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>\(Markup.html(title))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <header>
        <h1>\(Markup.html(title))</h1>
        <p><span class="phase \(state.phase.rawValue)">\(state.phase.rawValue)</span> \(Markup.html(state.message))</p>
        </header>
        <dl>
        \(facts.map { "<dt>\(Markup.html($0.0))</dt><dd>\(Markup.html($0.1))</dd>" }.joined(separator: "\n"))
        </dl>
        \(timeline.charts.map(\.html).joined())
        \(verdicts)
        \(journal)
        </body>
        </html>

        """
    }

    private var verdicts: String {
        let rows = assessments.map { assessment in
            let cells = [
                "\(assessment.metric)", assessment.words, assessment.evidence, assessment.ratioText,
                "\(assessment.canary.events) of \(assessment.canary.requests)",
                "\(assessment.stable.events) of \(assessment.stable.requests)",
            ].map { "<td>\(Markup.html($0))</td>" }
            return "<tr class=\"\(assessment.style)\">\(cells.joined())</tr>"
        }
        let titles = ["Metric", "Verdict", "E-value", "Ratio, 99 %", plan.canary, plan.stable].enumerated()
        let head = titles.map { index, title in
            let text =
                index == 3 ? "Ratio, \(Figures.text(100 * (1 - plan.rules.alpha), digits: 4)) %" : title
            return "<th>\(Markup.html(text))</th>"
        }
        return """
            <section>
            <h2>Verdicts</h2>
            <div class="wide"><table>
            <thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table></div>
            </section>
            """
    }

    private var journal: String {
        let lost =
            timeline.lostMarks > 0
            ? "<p>\(timeline.lostMarks) entries behind the first are left out</p>\n" : ""
        let rows = timeline.marks.map { mark in
            "<li class=\"\(mark.tone)\"><time>\(Self.time(mark))</time> \(Markup.html(mark.text))</li>"
        }
        return """
            <section>
            <h2>Journal</h2>
            \(lost)<ol>
            \(rows.joined(separator: "\n"))
            </ol>
            </section>
            """
    }

    private static let style = """
        :root{--bg:#fff;--fg:#1c2128;--soft:#57606a;--line:#d0d7de;--stable:#2563eb;--canary:#c2410c;--good:#15803d;--bad:#b91c1c;
        --m1:#0d9488;--m2:#9333ea;--m3:#a16207;--m4:#57606a;--m5:#be185d}
        @media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9198a1;--line:#30363d;--stable:#60a5fa;--canary:#fb923c;
        --good:#4ade80;--bad:#f87171;--m1:#2dd4bf;--m2:#c084fc;--m3:#facc15;--m4:#9198a1;--m5:#f472b6}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.5rem;margin:0;line-height:1.25}
        h2{font-size:1rem;margin:0}
        .phase{display:inline-block;padding:0 .6em;border-radius:1em;border:1px solid;font-weight:600;color:var(--soft)}
        .Promoted,.good time,tr.fine td:nth-child(2){color:var(--good)}
        .Aborted,.bad time,tr.worse td:nth-child(2){color:var(--bad)}
        .Progressing{color:var(--stable)}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}
        dt{color:var(--soft);max-width:30vw}
        dd{margin:0}
        figure,section{margin:1.5rem 0}
        figcaption{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;justify-content:space-between;margin-bottom:.3rem}
        .legend{display:flex;flex-wrap:wrap;gap:0 .9rem;font-size:.85rem;color:var(--soft)}
        .legend i{display:inline-block;width:1.4em;height:0;border-top:2px solid;vertical-align:middle;margin-right:.35em}
        .plot{display:grid;grid-template-columns:3.8rem minmax(0,1fr);grid-template-rows:9rem auto}
        .scale{display:flex;flex-direction:column;justify-content:space-between;align-items:flex-end;padding-right:.5rem;font-size:.75rem;line-height:1;color:var(--soft);white-space:nowrap}
        .scale span{margin:-.4em 0}
        .time{grid-column:2;display:flex;justify-content:space-between;font-size:.75rem;color:var(--soft);padding-top:.3rem}
        svg{width:100%;height:100%;display:block;overflow:visible}
        path{fill:none;vector-effect:non-scaling-stroke}
        .line{stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        path.thin{stroke-width:1;stroke-dasharray:3 3}
        .legend .thin i{border-top-style:dashed;border-top-width:1px}
        .area{fill:currentColor;opacity:.18}
        .grid{stroke:var(--line)}
        .mark{stroke:var(--soft);stroke-dasharray:1 4}
        path.limit{stroke:var(--bad);stroke-dasharray:6 4}
        .limit i{border-top:2px dashed var(--bad)}
        path.stable,path.canary,path.observed{color:var(--canary)}
        path.stable,.stable i{color:var(--stable)}
        .canary i{color:var(--canary)}
        path.observed,.observed i{color:var(--fg)}
        path.observed{stroke-width:1.2}
        path.m0,.m0 i{color:var(--canary)}path.m1,.m1 i{color:var(--m1)}path.m2,.m2 i{color:var(--m2)}
        path.m3,.m3 i{color:var(--m3)}path.m4,.m4 i{color:var(--m4)}path.m5,.m5 i{color:var(--m5)}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;width:100%;margin-top:.4rem;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);white-space:nowrap}
        th{color:var(--soft);font-weight:500}
        tr.worse td:first-child,.bad{font-weight:600}
        ol{list-style:none;margin:.4rem 0;padding:0}
        li{padding:.25rem 0;border-bottom:1px solid var(--line)}
        time{color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums;margin-right:.6rem;white-space:nowrap}
        @media print{:root{color-scheme:light}}
        """
}

extension Assessment {
    fileprivate var style: String {
        switch verdict {
        case .worse: "worse"
        case .fine: "fine"
        case .notEnough: "open"
        }
    }
}
