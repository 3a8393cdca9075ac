// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
}

/// The options that every command takes, before or after its name.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The directory of the cluster store", valueName: "dir"),
        completion: .directory
    )
    var store: String?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The namespace to work in", valueName: "name"),
        completion: .stored(.namespace)
    )
    var namespace: String?

    @Option(help: ArgumentHelp("When to colour the output", valueName: "when"))
    var color: ColorChoice?

    @Flag(name: .shortAndLong, help: "Tell on standard error what is being done")
    var verbose = false
}
