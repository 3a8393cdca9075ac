// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// A template that a Deployment has or had, under the number by which `rollout history` lists it.
package struct TemplateRevision: Hashable, Sendable {
    package var number: Int
    package var template: Node
    /// What the annotation `kubernetes.io/change-cause` said, or else why it was changed.
    package var cause: String?

    package init(_ number: Int, _ template: Node, cause: String? = nil) {
        self.number = number
        self.template = template
        self.cause = cause
    }
}

/// The templates that a Deployment had, as `rollout history` and `rollout undo` know them: numbered as Kubernetes' controller numbers
/// its ReplicaSets.
package struct RevisionHistory: Hashable, Sendable {
    package enum Problem: Error, Hashable, Sendable {
        case noHistory(deployment: String)
        case unknownRevision(Int)
        case samePresent(revision: Int)
        case paused(deployment: String)
    }

    /// The oldest first, each template once.
    package private(set) var revisions: [TemplateRevision]

    package init(_ revisions: [TemplateRevision] = []) {
        self.revisions = revisions.sorted { $0.number < $1.number }
    }

    /// Takes notice of what a Deployment is now. A template that it had before becomes its newest revision. While it is paused, nothing
    /// is rolled out, and no template is a revision.
    ///
    /// - Parameters:
    ///   - cause: what its annotation says.
    ///   - reason: what is better known of the cause of a new template.
    package mutating func note(_ spec: DeploymentSpec, cause: String?, reason: String? = nil) {
        guard !spec.isPaused else { return }
        let number = (revisions.last?.number ?? 0) + 1
        var newest = TemplateRevision(number, spec.template, cause: reason ?? cause)
        if let index = revisions.firstIndex(where: { $0.template == spec.template }) {
            let known = revisions.remove(at: index)
            if index == revisions.endIndex {
                newest = TemplateRevision(known.number, spec.template, cause: cause ?? known.cause)
            } else {
                newest.cause = newest.cause ?? known.cause
            }
        }
        revisions.append(newest)
        revisions.removeFirst(max(0, revisions.count - spec.revisionHistoryLimit - 1))
    }

    /// What to go back to: a revision, or the one before the present.
    package func revision(_ number: Int?, of spec: DeploymentSpec) throws(Problem) -> TemplateRevision {
        guard !spec.isPaused else { throw .paused(deployment: spec.name) }
        guard let number, number != 0 else {
            guard let previous = revisions.last(where: { $0.template != spec.template }) else {
                throw .noHistory(deployment: spec.name)
            }
            return previous
        }
        guard let revision = revisions.first(where: { $0.number == number }) else {
            throw .unknownRevision(number)
        }
        guard revision.template != spec.template else { throw .samePresent(revision: number) }
        return revision
    }
}

extension RevisionHistory.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noHistory(let name): "no rollout history found for deployment \"\(name)\""
        case .unknownRevision(let revision): "unable to find specified revision \(revision) in history"
        case .samePresent(let revision):
            "skipped rollback (current template already matches revision \(revision))"
        case .paused(let name): "you cannot rollback a paused deployment: \"\(name)\" is paused"
        }
    }
}
