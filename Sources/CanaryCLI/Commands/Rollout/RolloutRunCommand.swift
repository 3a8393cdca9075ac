// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryRollout
import CanaryStore
import Glibc

/// Runs the controller.
struct RolloutRunCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Control the store's rollouts, in the foreground",
        discussion: Help.examples(("Until it is interrupted", "canaryctl rollout run"))
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let signals = try SignalReader()
        try session.location.makeDirectory()
        guard var service = try RolloutService(session, isTelling: true) else {
            let holder = ControllerLock.holder(at: session.location) ?? "another one"
            throw CommandError(
                "cannot control the rollouts of \(settings.storeDirectory): process \(holder) does",
                hint: "one controller is enough: canaryctl rollout status HOST shows what it does"
            )
        }
        context.standardError.writeLine("controlling the rollouts of \(settings.storeDirectory)")
        context.standardError.flush()
        defer { service.stop() }
        while true {
            try service.turn()
            let signal = signals.next(milliseconds: RolloutController.pauseMilliseconds)
            if signal == SIGTERM || signal == SIGINT { return .success }
        }
    }
}
