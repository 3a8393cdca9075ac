// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The Deployments that a command is about: those that are named, all of the namespace, or those with some labels.
enum DeploymentSelection {
    case named([ResourceKey])
    case all(namespace: String, LabelSelector?)

    /// - Parameter command: as it is typed: `scale`.
    init(
        _ arguments: DeploymentArguments,
        all: Bool,
        selector: String?,
        _ settings: Settings,
        command: String
    ) throws {
        guard all || selector != nil else {
            self = .named(try arguments.keys(settings, for: command))
            return
        }
        let selector = try selector.map(LabelSelector.init(argument:))
        guard case .kinds([.deployment]) = try ObjectSelection(arguments.deployments) else {
            throw CommandError.wrongUsage(
                "\(selector == nil ? "--all" : "--selector") goes with the kind alone, which is deployment",
                hint: "canaryctl \(command) deployment \(selector == nil ? "--all" : "-l app=NAME")"
            )
        }
        guard !all || selector == nil else {
            throw CommandError.wrongUsage(
                "--all and --selector say which Deployments are meant, each alone",
                hint: "leave out --all: -l chooses among all of the namespace"
            )
        }
        self = .all(namespace: settings.namespace, selector)
    }

    func deployments(in change: ClusterChange) throws -> [Resource] {
        switch self {
        case .named(let keys): try keys.map { try change.deployment($0) }
        case .all(let namespace, let selector):
            try change.resources(of: .deployment, namespace: namespace)
                .filter { selector?.matches($0.metadata.labels) ?? true }
        }
    }
}
