// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A picture of values over time: SVG within HTML, without scripts. Labels are HTML, so that they keep their size on a phone.
struct Chart {
    struct Line {
        var name: String
        /// A class of the page's style, which says colour and dashes.
        var style: String
        /// By point; `nil` leaves a gap.
        var values: [Double?]
        var isFilled = false
        /// Whether it keeps its value until the next point.
        var isStepped = false
    }

    var title: String
    var lines: [Line]
    /// What the upper edge of the picture is.
    var top: Double
    /// From top to bottom, evenly spread.
    var scale: [String]
    /// A value that has a line across.
    var limit: (value: Double, name: String)?
    /// Where something happened, in parts of the width.
    var marks: [Double] = []
    /// The ends of the time axis.
    var span: (from: String, to: String)

    private static let width = 1000.0
    private static let height = 200.0

    var html: String {
        """
        <figure>
        <figcaption><h2>\(Markup.html(title))</h2><span class="legend">\(legend)</span></figcaption>
        <div class="plot"><div class="scale">\(scale.map { "<span>\(Markup.html($0))</span>" }.joined())</div>
        <svg viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label="\(Markup.html(title))">
        \(picture)
        </svg>
        <div class="time"><span>\(Markup.html(span.from))</span><span>\(Markup.html(span.to))</span></div></div>
        </figure>

        """
    }

    private var legend: String {
        var items = lines.map { "<span class=\"\($0.style)\"><i></i>\(Markup.html($0.name))</span>" }
        if let limit { items.append("<span class=\"limit\"><i></i>\(Markup.html(limit.name))</span>") }
        return items.joined(separator: " ")
    }

    private var picture: String {
        var parts = [0.0, 0.5, 1].map {
            "<path class=\"grid\" d=\"M0 \(Self.text($0 * Self.height))H1000\"/>"
        }
        parts += marks.map { "<path class=\"mark\" d=\"M\(Self.text($0 * Self.width)) 0V200\"/>" }
        if let limit {
            parts.append("<path class=\"limit\" d=\"M0 \(Self.text(height(limit.value)))H1000\"/>")
        }
        for line in lines {
            if line.isFilled { parts.append("<path class=\"\(line.style) area\" d=\"\(area(line))\"/>") }
            parts.append("<path class=\"\(line.style) line\" d=\"\(path(line))\"/>")
        }
        return parts.joined(separator: "\n")
    }

    private func height(_ value: Double) -> Double {
        Self.height * (1 - min(max(value / top, 0), 1))
    }

    /// Points stand for the time that they are long.
    private func path(_ line: Line) -> String {
        let step = Self.width / Double(max(line.values.count, 1))
        var path = ""
        var isDown = false
        for (index, value) in line.values.enumerated() {
            guard let value, value.isFinite else {
                isDown = false
                continue
            }
            let (x, y) = (Double(index) * step, Self.text(height(value)))
            if line.isStepped {
                path += "\(isDown ? "L" : "M")\(Self.text(x)) \(y)H\(Self.text(x + step))"
            } else if isDown {
                path += "L\(Self.text(x + step / 2)) \(y)"
            } else {
                // A point without neighbours is a short line.
                path += "M\(Self.text(x + step / 2 - 1)) \(y)h1"
            }
            isDown = true
        }
        return path
    }

    private func area(_ line: Line) -> String {
        let step = Self.width / Double(max(line.values.count, 1))
        return line.values.enumerated().compactMap { index, value in
            guard let value, value.isFinite, value > 0 else { return nil }
            let x = Self.text(Double(index) * step)
            // A little too wide, so that no seams are seen.
            return "M\(x) 200V\(Self.text(height(value)))h\(Self.text(step + 0.5))V200z"
        }.joined()
    }

    /// One decimal is a tenth of what a thousandth of the width is.
    private static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }

    /// The next larger of 1, 2 and 5 times a power of ten.
    static func top(above value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        let scale = pow(10, floor(log10(value)))
        return [1, 2, 5, 10].map { $0 * scale }.first { $0 >= value * 0.999_999 } ?? 10 * scale
    }
}
