// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Prints the version.
struct VersionCommand: Subcommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version")

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) -> ExitStatus {
        let stream = context.standardOutput
        switch output.output {
        case .text: stream.writeLine("canaryctl \(Version.text)")
        case .json, .yaml: stream.write(ObjectText.text(Self.node, as: output.output))
        }
        return .success
    }

    private static var node: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("Version"),
            "version": .string(Version.text),
        ])
    }
}
