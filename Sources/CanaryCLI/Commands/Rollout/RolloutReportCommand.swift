// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryJudge
import CanaryResources
import CanaryStore
import CanarySystem

enum PageFormat: String, ExpressibleByArgument, CaseIterable {
    case md, html
}

/// Tells how a rollout went, on a page for others.
struct RolloutReportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Tell how a rollout went, on one page for a pull request",
        discussion: Help.examples(
            ("For a comment", "canaryctl rollout report helloworld | gh pr comment 7 --body-file -"),
            ("With pictures", "canaryctl rollout report helloworld -o html --output-file rollout.html")
        )
    )

    @Argument(help: "The host", completion: .stored(.host))
    var host: String

    @Option(
        name: .output,
        help: ArgumentHelp(
            "md for Markdown, or html for a page of its own with pictures",
            valueName: "format"
        )
    )
    var output = PageFormat.md

    @Option(
        help: ArgumentHelp("Write it to this file instead of standard output", valueName: "file"),
        completion: .file()
    )
    var outputFile: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let rollout = try session.rollout(of: host)
        let timeline = RolloutTimeline(replaying: rollout.entries) ?? RolloutTimeline(rollout.state.plan)
        let page = RolloutPage(
            name: rollout.record.name,
            host: HostName.short(rollout.record.host),
            timeline: timeline
        )
        let text = output == .html ? page.html : page.markdown
        guard let outputFile else {
            context.standardOutput.write(text)
            return .success
        }
        guard !outputFile.isEmpty else {
            throw CommandError.wrongUsage("--output-file names no file: its value is empty", hint: nil)
        }
        let path = context.absolutePath(outputFile)
        _ = try FileWriter.replace(path: path, with: Array(text.utf8)).orThrow("cannot write \(outputFile)")
        context.standardError.writeLine("written to \(TerminalText.message(outputFile))")
        return .success
    }
}
