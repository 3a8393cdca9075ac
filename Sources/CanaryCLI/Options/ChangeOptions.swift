// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

enum DryRun: String, ExpressibleByArgument, CaseIterable {
    case none, client, server
}

/// What every command that changes the cluster takes.
struct ChangeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only say what would change: client computes it, server tries it in the store and takes it back",
            valueName: "mode"
        )
    )
    var dryRun = DryRun.none

    @Option(help: ArgumentHelp("Why; kept in the history", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Return when every running proxy serves the change, at most after this time (5s where none is given)",
            valueName: "time"
        )
    )
    var wait: TimeSpan?

    /// What change lines end with.
    var suffix: String {
        switch dryRun {
        case .none: ""
        case .client: " (dry run)"
        case .server: " (server dry run)"
        }
    }
}

/// A duration on the command line: `5s`, `1m30s`.
struct TimeSpan: ExpressibleByArgument {
    var duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = Duration(goString: argument), duration >= .zero else { return nil }
        self.duration = duration
    }

    /// As it would be typed: `30s`, `1500ms`.
    var defaultValueDescription: String {
        let milliseconds = Int64(duration.milliseconds)
        return milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}

extension ChangeOptions {
    /// `--wait` without a value means five seconds. The parser knows no optional values, and its own replacement takes
    /// the next word for one.
    static func expandingWait(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].map { $0 == "--wait" ? "--wait=5s" : $0 } + arguments[end...]
    }

    /// A time behind `--wait`, where it would be taken for an argument. A bare number can be one.
    static func strayTime(in arguments: [String]) -> CommandError? {
        let words = arguments.prefix { $0 != "--" }
        let time = zip(words, words.dropFirst()).first {
            $0 == "--wait" && Double($1) == nil && TimeSpan(argument: $1) != nil
        }?.1
        return time.map {
            .wrongUsage("--wait takes a time behind \"=\" only", hint: "did you mean --wait=\($0)?")
        }
    }
}
