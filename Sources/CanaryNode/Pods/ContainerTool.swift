// SPDX-License-Identifier: Apache-2.0

import CanarySystem

/// What runs images on this machine, podman or docker, as a node finds it.
package struct ContainerTool: Sendable {
    package enum Failure: Error, Hashable {
        case notInstalled
        /// In its own words.
        case unusable(String)
    }

    package let name: String
    /// The containers that an earlier node of the store left in it.
    private let leftovers: [String]
    private let environment: [String: String]

    private static let answerMilliseconds: Int64 = 10_000
    private static let removalMilliseconds: Int64 = 60_000

    /// The first that can be used; podman needs no daemon.
    package static func find(store: String, environment: [String: String]) -> ContainerTool? {
        for name in ["podman", "docker"] {
            if let tool = try? ContainerTool(name, store: store, environment: environment) { return tool }
        }
        return nil
    }

    /// - Parameter store: what tells the store's containers from those of others.
    package init(_ name: String, store: String, environment: [String: String]) throws(Failure) {
        let run = CommandRun(
            [name, "ps", "--all", "--quiet", "--filter", "label=\(ImageContainer.storeLabel)=\(store)"],
            environment: environment,
            deadline: Clock.monotonicMilliseconds() + Self.answerMilliseconds
        )
        switch run.end {
        case .exited(0): break
        case .notStarted: throw .notInstalled
        case .timedOut: throw .unusable("it does not answer")
        default: throw .unusable(ToolState.reason(in: String(decoding: run.errors, as: UTF8.self)))
        }
        self.name = name
        self.environment = environment
        leftovers = String(decoding: run.output, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(
            String.init
        )
    }

    /// Kills and removes what an earlier node left.
    package func removeLeftovers() {
        guard !leftovers.isEmpty else { return }
        _ = CommandRun(
            ToolState.removal(of: leftovers, tool: name),
            environment: environment,
            deadline: Clock.monotonicMilliseconds() + Self.removalMilliseconds
        )
    }
}
