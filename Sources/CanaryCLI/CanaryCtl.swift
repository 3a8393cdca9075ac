// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The root of the command tree.
struct CanaryCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canaryctl",
        abstract: "Canary releases with the manifests you already have, without a cluster",
        discussion: """
            Send a small share of a service's traffic to a new version, watch it, grow it or take it back.
            "canaryctl help TOPIC" explains: \(HelpTopic.names).
            """,
        version: "canaryctl \(Version.text)",
        groupedSubcommands: CommandGroups.all
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// A command that runs in a context of streams, environment and clock.
protocol Subcommand: ParsableCommand {
    var global: GlobalOptions { get }

    func run(in context: CommandContext) throws -> ExitStatus
}
