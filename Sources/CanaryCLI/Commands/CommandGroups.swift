// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// All commands, as `canaryctl --help` groups them.
enum CommandGroups {
    static let all = [
        CommandGroup(
            name: "Manifests and objects",
            subcommands: [
                CreateCommand.self, ApplyCommand.self, ReplaceCommand.self, DeleteCommand.self,
                GetCommand.self,
                DiffCommand.self, ValidateCommand.self,
            ]
        ),
        CommandGroup(
            name: "Traffic",
            subcommands: [
                DescribeCommand.self, ExplainCommand.self, TestCommand.self, ExportCommand.self,
                SetWeightCommand.self, HistoryCommand.self, UndoCommand.self, RegisterCommand.self,
                DeregisterCommand.self,
            ]
        ),
        CommandGroup(name: "Rollouts", subcommands: [RolloutCommand.self]),
        CommandGroup(name: "Replicas", subcommands: [ScaleCommand.self, AutoscaleCommand.self]),
        CommandGroup(
            name: "This machine",
            subcommands: [UpCommand.self, ImagesCommand.self, StatusCommand.self, LogsCommand.self]
        ),
        CommandGroup(
            name: "Proxies",
            subcommands: [
                ProxyCommand.self, ProxyStatusCommand.self, ProxyConfigCommand.self, DownCommand.self,
            ]
        ),
        CommandGroup(
            name: "Other",
            subcommands: [CompletionCommand.self, VersionCommand.self, HelpCommand.self]
        ),
    ]
}
