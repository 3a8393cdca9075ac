// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryCLI

@Suite struct ShareTextTests {
    private static let columns: [(share: Double, text: String)] = [
        (0.0, "0.0 %"), (1.0, "100.0 %"), (0.5, "50.0 %"), (0.999_999, "99.9999 %"), (0.000_001, "0.0001 %"),
        (0.9995, "99.9500 %"), (0.9994, "99.9 %"), (0.000_5, "0.1 %"), (1e-9, "<0.0001 %"),
        (1 - 1e-9, ">99.9999 %"), (0.1 + 0.2 + 0.7, "100.0 %"), (1 - 1e-15, "100.0 %"),
    ]

    @Test func `a share in a column`() {
        for (share, text) in Self.columns { #expect(NumberText.percentColumn(share) == text) }
    }

    @Test func `only nothing looks like nothing, and only everything like everything`() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<10_000 {
            let distance =
                Double.random(in: 1...10, using: &random) * 10 ** -Int.random(in: 1...11, using: &random)
            for share in [distance, 1 - distance] where share > 0 && share < 1 {
                for text in [NumberText.percent(share), NumberText.percentColumn(share)] {
                    let digits = text.filter(\.isNumber)
                    #expect(text.hasPrefix("<") || digits.contains { $0 != "0" }, "\(share): \(text)")
                    #expect(!["100 %", "100.0 %", "100.0000 %"].contains(text), "\(share): \(text)")
                }
            }
        }
    }
}

infix operator ** : BitwiseShiftPrecedence

private func ** (base: Double, exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1) { result, _ in exponent < 0 ? result / base : result * base }
}
