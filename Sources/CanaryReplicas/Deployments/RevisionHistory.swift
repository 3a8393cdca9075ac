// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// The templates that a Deployment had, as `rollout history` and `rollout undo` know them.
package struct RevisionHistory: Sendable {
    package enum Problem: Error, Hashable, Sendable {
        case noHistory(deployment: String)
        case unknownRevision(Int)
        case samePresent(revision: Int)
        case paused(deployment: String)
    }

    private let spec: DeploymentSpec
    /// The oldest revision first.
    package let sets: [ReplicaSet]

    package init(_ spec: DeploymentSpec, sets: [ReplicaSet]) {
        self.spec = spec
        self.sets = sets.sorted { $0.revision < $1.revision }
    }

    /// The template to go back to: that of a revision, or of the one before the present.
    package func template(ofRevision revision: Int?) throws(Problem) -> Node {
        guard !spec.isPaused else { throw .paused(deployment: spec.name) }
        guard let revision, revision != 0 else {
            guard let previous = sets.last(where: { $0.template != spec.template }) else {
                throw .noHistory(deployment: spec.name)
            }
            return previous.template
        }
        guard let set = sets.first(where: { $0.revision == revision }) else {
            throw .unknownRevision(revision)
        }
        guard set.template != spec.template else { throw .samePresent(revision: revision) }
        return set.template
    }
}

extension RevisionHistory.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHistory(let name): "no rollout history found for deployment \"\(name)\""
        case .unknownRevision(let revision): "unable to find specified revision \(revision) in history"
        case .samePresent(let revision):
            "skipped rollback (current template already matches revision \(revision))"
        case .paused(let name):
            "you cannot rollback a paused deployment: resume it first with rollout resume deployment/\(name)"
        }
    }
}
