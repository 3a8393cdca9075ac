// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

enum RampArgument: String, ExpressibleByArgument, CaseIterable {
    case evidence, fixed
}

/// How a version's share grows, and how it is judged: fields of a Rollout.
struct RampOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The version's shares in percent, one after the other (1,5,25,50,100)",
            valueName: "shares"
        )
    )
    var steps: String?

    @Option(
        help: ArgumentHelp(
            "How long each step lasts at least (5s by evidence, 1m by the clock)",
            valueName: "time"
        )
    )
    var hold: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "What a step waits for: evidence that the version is fine, which is the default, or fixed times alone",
            valueName: "ramp"
        )
    )
    var ramp: RampArgument?

    @Option(
        help: ArgumentHelp(
            "The chance to take back a version that is no worse than the stable one (0.01)",
            valueName: "chance"
        )
    )
    var alpha: Double?

    func validate() throws {
        _ = try stepsNode
        guard alpha.map({ $0 > 0 && $0 <= 0.5 }) ?? true else {
            throw ValidationError("--alpha must be above 0 and at most 0.5\n0.01 is the default")
        }
    }

    // MARK: - As fields; one that is left out is left out of the object too

    var stepsNode: Node? {
        get throws { try steps.map { .sequence(try Self.shares($0).map(Self.node)) } }
    }

    var rampNode: Node? { ramp.map { .string($0.rawValue) } }

    var holdNode: Node? { hold.map { .string($0.defaultValueDescription) } }

    var alphaNode: Node? { alpha.map { Node(.number($0)) } }

    /// Whole shares are numbers, as people write them.
    private static func node(_ share: Percentage) -> Node {
        share.millionths.isMultiple(of: 10_000)
            ? .integer(Int64(share.millionths / 10_000)) : .string("\(share)")
    }

    /// `5,25,100`
    private static func shares(_ text: String) throws -> [Percentage] {
        let shares = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let share = Percentage(String(part)), share > .zero else {
                throw ValidationError(
                    "\"\(part)\" is no share of a step\nsteps are percentages above 0: 5,25,100"
                )
            }
            return share
        }
        for (share, next) in zip(shares, shares.dropFirst()) where next <= share {
            throw ValidationError(
                "the steps \"\(text)\" do not rise\neach step gives the version more than the one before: 5,25,100"
            )
        }
        return shares
    }
}
