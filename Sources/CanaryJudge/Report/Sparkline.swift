// SPDX-License-Identifier: Apache-2.0

/// Values in a line of text.
package enum Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// In at most so many characters, on a scale from 0 to `top`; what is missing is a blank. Several values of one character are their
    /// mean.
    ///
    /// - Parameter top: the largest value, if `nil`.
    package static func text(_ values: [Double?], width: Int, top: Double? = nil) -> String {
        guard width > 0, !values.isEmpty else { return "" }
        let columns = min(width, values.count)
        let means = (0..<columns).map { column -> Double? in
            let part = values[column * values.count / columns..<(column + 1) * values.count / columns]
            let present = part.compactMap(\.self).filter(\.isFinite)
            return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
        }
        let top = top ?? means.compactMap(\.self).max() ?? 0
        return String(means.map { $0.map { block($0, top) } ?? " " })
    }

    private static func block(_ value: Double, _ top: Double) -> Character {
        guard top > 0, value > 0 else { return blocks[0] }
        return blocks[min(Int(value / top * 7.999), 7)]
    }
}
