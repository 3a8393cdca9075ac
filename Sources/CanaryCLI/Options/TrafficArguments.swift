// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// `100/s`, `6000/m`, `0.5/s`; without a unit per second.
struct RequestRate: ExpressibleByArgument {
    var perSecond: Double

    init?(argument: String) {
        let units: [(String, Double)] = [("/s", 1), ("/min", 60), ("/m", 60), ("/h", 3600)]
        let unit = units.first { argument.hasSuffix($0.0) } ?? ("", 1)
        let number = argument.dropLast(unit.0.count)
        guard number.allSatisfy({ $0.isNumber || $0 == "." }), let value = Double(number), value.isFinite,
            (1e-6...1e9).contains(value / unit.1)
        else { return nil }
        perSecond = value / unit.1
    }
}

/// A part of requests in percent: `0.5%`, `5`.
struct PercentageArgument: ExpressibleByArgument {
    var percentage: Percentage

    var value: Double { Double(percentage.millionths) / 1e6 }

    init?(argument: String) {
        guard let percentage = Percentage(argument) else { return nil }
        self.percentage = percentage
    }
}
