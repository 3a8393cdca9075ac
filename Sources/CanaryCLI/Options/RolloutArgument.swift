// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// What a rollout is of: a host, or a Deployment as kubectl's users name it.
struct RolloutArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The host, deployment/NAME, or deployment and its name", valueName: "host"),
        completion: .stored(.hostOrDeployment)
    )
    var words: [String]

    /// In one word.
    var text: String { words.joined(separator: "/") }

    func validate() throws {
        let most = ResourceKind(named: words[0]) == .deployment ? 2 : 1
        guard words.count <= most else {
            throw ValidationError(
                "unexpected argument \"\(words[most])\"\nit takes one host, or one Deployment: deployment/NAME"
            )
        }
    }
}
