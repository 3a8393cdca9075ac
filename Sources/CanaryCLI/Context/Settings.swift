// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

/// What the global options come to: flag, else environment, else default. There is no configuration file.
struct Settings {
    var storeDirectory: String
    var namespace: String
    /// Whether `-n` was given: a manifest's other namespace is then an error.
    var namespaceIsExplicit: Bool
    var color: ColorChoice
    var isVerbose: Bool

    /// A host as it could have been given: it works whether or not `-n` is given again.
    func named(_ host: String) -> String {
        HostName.inCommands(host, home: home)
    }

    /// The namespace that commands in hints need not name.
    var home: String? { namespaceIsExplicit ? nil : namespace }

    /// The same as a word of a command that a hint gives: a shell would look for files that a wildcard matches.
    func inCommands(_ host: String) -> String {
        HostName.isWildcard(host) ? "'\(host)'" : named(host)
    }
}

extension Settings {
    init(_ options: GlobalOptions, _ context: CommandContext) throws {
        try self.init(options, Surroundings(context))
    }

    init(_ options: GlobalOptions, _ context: Surroundings) throws {
        storeDirectory = try Self.storeDirectory(options.store, context)
        namespace = options.namespace ?? context.variable("CANARYCTL_NAMESPACE") ?? "default"
        guard KubernetesName.isLabel(namespace) else {
            throw CommandError.wrongUsage(
                "\"\(namespace)\" is no name of a namespace",
                hint: "it takes lower-case letters, digits and \"-\", at most 63 of them"
            )
        }
        namespaceIsExplicit = options.namespace != nil
        color = options.color ?? .auto
        isVerbose = options.verbose
    }

    /// `--store`, else `$CANARYCTL_STORE`, else the XDG state directory. As XDG asks, empty or relative values of its
    /// variable are ignored.
    private static func storeDirectory(_ flag: String?, _ context: Surroundings) throws -> String {
        guard flag != "" else {
            throw CommandError.wrongUsage(
                "--store names no directory: its value is empty",
                hint: "without --store it is $CANARYCTL_STORE, or else a directory below your home"
            )
        }
        if let directory = flag ?? context.variable("CANARYCTL_STORE") {
            guard directory.hasPrefix("/") || !context.workingDirectoryIsGone else {
                throw CommandError(
                    "cannot find the cluster store at \(directory): the working directory was deleted",
                    hint: "change to a directory that is there, or name the store by its whole path"
                )
            }
            return context.absolutePath(directory)
        }
        if let state = context.variable("XDG_STATE_HOME"), state.hasPrefix("/") {
            return "\(state)/canaryctl"
        }
        guard let home = context.variable("HOME") else {
            throw CommandError(
                "cannot tell where the cluster store is: neither $XDG_STATE_HOME nor $HOME is set",
                hint: "name a directory with --store or $CANARYCTL_STORE"
            )
        }
        return "\(home)/.local/state/canaryctl"
    }
}
