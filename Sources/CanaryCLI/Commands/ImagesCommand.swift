// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryNode
import CanaryResources
import CanaryStore

/// The commands that a node runs in the place of images.
struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "Say which command is run in an image's place",
        discussion: Help.examples(
            (
                "Where nothing runs images, run a program of this machine",
                "canaryctl images set shop:1 -- ./shop --quiet"
            ),
            ("Which commands are set", "canaryctl images list"),
            ("Forget one", "canaryctl images unset shop:1")
        ),
        subcommands: [ImagesSetCommand.self, ImagesListCommand.self, ImagesUnsetCommand.self]
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct ImagesSetCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the command of an image",
        discussion: Help.examples(
            ("For one tag", "canaryctl images set shop:1 -- ./shop --quiet"),
            ("For all other tags", "canaryctl images set shop -- python3 shop.py")
        )
    )

    @Argument(
        help: "As manifests name it; without a tag for all tags that have no command of their own"
    )
    var image: String

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp(
            "A program and its arguments; those of the container come behind them",
            valueName: "command"
        )
    )
    var command: [String] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        guard !image.isEmpty, !image.contains(where: \.isWhitespace) else {
            throw ValidationError(
                "\"\(image)\" is no image\nfor example: canaryctl images set shop:1 -- ./shop"
            )
        }
        guard command.first?.isEmpty == false else {
            throw ValidationError(
                "the command is missing\nwrite it behind --: canaryctl images set \(image) -- ./shop"
            )
        }
    }

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let note = ChangeNote(actor: context.userName(), reason: nil)
        let outcome = try session.store().write(note) { try $0.setCommand(command, ofImage: image) }.value
        let word =
            switch outcome {
            case .created: "created"
            case .changed: "configured"
            case .unchanged: "unchanged"
            }
        warnOfTool(session, context)
        context.standardOutput.writeLine(TerminalText.escape("image/\(image) \(word)"))
        return .success
    }

    /// Where images can be run, they are.
    private func warnOfTool(_ session: ClusterSession, _ context: CommandContext) {
        // Whoever has no path can have no tool on it.
        guard context.variable("PATH") != nil,
            let tool = ContainerTool.find(
                store: session.location.directory,
                environment: context.environment
            )
        else { return }
        context.warn([
            "\(tool.name) runs images on this machine, and comes before the command; canaryctl up --runtime process runs the command"
        ])
    }
}

struct ImagesListCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the commands of images"
    )

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        let commands = try session.read { try $0.reader?.imageCommands() ?? [:] }
            .sorted { $0.key < $1.key }
        guard output.output == .text else {
            let list = ObjectText.list(commands.map(Self.node))
            context.standardOutput.write(ObjectText.text(list, as: output.output))
            return .success
        }
        guard !commands.isEmpty else {
            context.standardError.writeLine("No commands of images found.")
            return .success
        }
        var table = Table(titles: ["IMAGE", "COMMAND"])
        for (image, command) in commands {
            table.add([image, command.map(ShellWord.quoted).joined(separator: " ")])
        }
        context.standardOutput.write(table.text)
        return .success
    }

    private static func node(_ image: String, _ command: [String]) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"), "kind": .string("ImageCommand"),
            "image": .string(image), "command": .sequence(command.map(Node.string)),
        ])
    }
}

struct ImagesUnsetCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "unset",
        abstract: "Forget the command of an image"
    )

    @Argument(help: "As it was set")
    var image: String

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let session = ClusterSession(settings: try Settings(global, context), context: context)
        guard try session.read({ try $0.reader?.imageCommands()[image] }) != nil else {
            throw CommandError(
                "no command is set for image \"\(image)\"",
                hint: "canaryctl images list shows those that are"
            )
        }
        let note = ChangeNote(actor: context.userName(), reason: nil)
        try session.store().write(note) { _ = try $0.removeCommand(ofImage: image) }
        context.standardOutput.writeLine(TerminalText.escape("image/\(image) deleted"))
        return .success
    }
}
