// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryStore

/// Rollouts: versions that get more and more traffic while they hold up.
struct RolloutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Give a version more and more traffic while it holds up",
        discussion: Help.examples(
            ("Begin, and see it through", "canaryctl rollout start helloworld v2 --watch"),
            ("Where it is, and what the judge says", "canaryctl rollout status helloworld"),
            ("Take the new version back", "canaryctl rollout abort helloworld --reason 'wrong totals'")
        ),
        subcommands: [
            RolloutStartCommand.self, RolloutRunCommand.self, RolloutStatusCommand.self,
            RolloutWatchCommand.self, RolloutHistoryCommand.self, RolloutPauseCommand.self,
            RolloutResumeCommand.self, RolloutPromoteCommand.self, RolloutAbortCommand.self,
            RolloutRetryCommand.self, RolloutPlanCommand.self, RolloutSimulateCommand.self,
            RolloutReportCommand.self, RolloutRestartCommand.self, RolloutUndoCommand.self,
        ]
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

extension ClusterSession {
    /// The newest rollout of a host as people type it.
    func rollout(of text: String) throws -> StoredRollout {
        try read { view in
            try StoredRollout(of: view.host(named: text, namespace: settings.namespace), view, settings)
        }
    }

    /// Says that nothing moves a rollout, where that is so.
    func warnWithoutController(_ rollout: StoredRollout) {
        guard !rollout.record.isOver, ControllerLock.holder(at: location) == nil else { return }
        context.warn(["no controller runs: the rollout stays where it is"])
        context.standardError.writeLine("hint: canaryctl rollout run starts one")
    }
}
