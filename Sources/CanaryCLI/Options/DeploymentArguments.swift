// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources
import CanaryRules

/// The Deployments that a command is about.
struct DeploymentArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp("deployment/NAME, or deployment and names", valueName: "deployment"),
        completion: .stored(.deployments)
    )
    var deployments: [String]

    /// - Parameter command: as it is typed: `scale`.
    func keys(_ settings: Settings, for command: String) throws -> [ResourceKey] {
        if deployments.count == 1, KubernetesName.isLabel(deployments[0]),
            ResourceKind(named: deployments[0]) == nil
        {
            throw CommandError.wrongUsage(
                "unknown kind \"\(deployments[0])\"",
                hint: "canaryctl \(command) deployment/\(deployments[0])"
            )
        }
        guard case .names(let names) = try ObjectSelection(deployments) else {
            throw CommandError.wrongUsage(
                "no name given: \(command) does not take all objects of a kind",
                hint: "canaryctl \(command) deployment/NAME"
            )
        }
        if let other = names.first(where: { $0.kind != .deployment }) {
            throw CommandError.wrongUsage(
                "\(command) takes Deployments, and \"\(other.name)\" is a \(other.kind.rawValue)",
                hint: "canaryctl \(command) deployment/NAME"
            )
        }
        return names.map { ResourceKey(.deployment, namespace: settings.namespace, name: $0.name) }
    }
}

/// Where the Deployments of a namespace can be listed.
protocol DeploymentSource: ResourceSource {
    func resources(of kind: ResourceKind, namespace: String?) throws -> [Resource]
}

extension StoredCluster: DeploymentSource {}

extension DeploymentSource {
    func deployment(_ key: ResourceKey) throws -> Resource {
        if let deployment = try resource(key) { return deployment }
        var error = CommandError.notFound(key)
        let known = try resources(of: .deployment, namespace: key.namespace).map(\.name)
        if let name = Suggestion.closest(to: key.name, among: known) {
            error.hint = "did you mean \"\(name)\"?"
        }
        throw error
    }
}

extension ClusterChange: DeploymentSource {
    /// Those that set the replicas of a Deployment, by name.
    func autoscalers(of deployment: ResourceKey) throws -> [Resource] {
        try resources(with: .target(deployment.name, namespace: deployment.namespace))
            .filter { $0.autoscaler?.target == .deployment && $0.autoscaler?.targetName == deployment.name }
            .sorted { $0.key < $1.key }
    }
}
