// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryNode
import CanaryReplicas

/// Who runs containers that have an image, as `--runtime` says.
enum RuntimeChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, process, podman, docker

    /// Finds the tool, and removes what an earlier node of the store left in it.
    func runtime(store: String, environment: [String: String]) throws -> ContainerRuntime {
        switch self {
        case .process: return .process
        case .auto:
            let tool = ContainerTool.find(store: store, environment: environment)
            tool?.removeLeftovers()
            return .auto(found: tool?.name)
        case .podman, .docker:
            do throws(ContainerTool.Failure) {
                let tool = try ContainerTool(rawValue, store: store, environment: environment)
                tool.removeLeftovers()
                return .tool(tool.name)
            } catch {
                throw failure(error)
            }
        }
    }

    private static let otherWays =
        "--runtime process runs what canaryctl images set or the annotation \(CommandAnnotation.one) says instead"

    private func failure(_ failure: ContainerTool.Failure) -> CommandError {
        switch failure {
        case .notInstalled:
            CommandError(
                "\(rawValue) is not installed",
                hint: "apt install \(self == .docker ? "docker.io" : rawValue) does that; \(Self.otherWays)"
            )
        case .unusable(let reason):
            CommandError(
                "\(rawValue) cannot be used: \(reason)",
                hint: "\(rawValue) info says more; \(Self.otherWays)"
            )
        }
    }
}
