// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanaryStore

/// The templates that the store has of a Deployment.
struct DeploymentHistory {
    static let causeAnnotation = "kubernetes.io/change-cause"

    private let deployment: Resource
    private let spec: DeploymentSpec
    private(set) var history: RevisionHistory

    /// Of one that the store kept no template of, because an earlier version made it, the present one is the first.
    ///
    /// - Returns: `nil` for what is no Deployment.
    init?(of deployment: Resource, in reader: StoreReader?) throws {
        guard let spec = DeploymentSpec(deployment) else { return nil }
        self.deployment = deployment
        self.spec = spec
        let stored = try reader?.templates(of: deployment.key) ?? []
        history = RevisionHistory(
            stored.compactMap { stored in
                (try? JSONReader.read(stored.body)).map {
                    TemplateRevision(stored.number, $0, cause: stored.cause)
                }
            }
        )
        if history.revisions.isEmpty { history.note(spec, cause: deployment.changeCause) }
    }

    // MARK: - Writing

    /// Takes notice of a Deployment's change, in its transaction.
    static func note(_ change: ObjectChange, in writer: StoreWriter) throws {
        guard let after = change.after, let spec = DeploymentSpec(after) else { return }
        if let before = change.before, let former = DeploymentSpec(before), former.template == spec.template,
            former.isPaused == spec.isPaused, before.changeCause == after.changeCause,
            former.revisionHistoryLimit == spec.revisionHistoryLimit
        {
            return
        }
        // An object that an earlier version of the program stored has a template that nobody kept.
        var history =
            try change.before.flatMap { try DeploymentHistory(of: $0, in: writer)?.history } ?? .init()
        // An annotation that the change left as it was says nothing about it.
        let isToldByAnnotation = after.changeCause != nil && after.changeCause != change.before?.changeCause
        history.note(
            spec,
            cause: after.changeCause,
            reason: isToldByAnnotation ? nil : writer.note.reason
        )
        try writer.keep(
            history.revisions.map {
                StoredTemplate(
                    number: $0.number,
                    body: JSONWriter.write($0.template, pretty: false),
                    cause: $0.cause
                )
            },
            of: after.key
        )
    }

    // MARK: - Going back

    enum Return {
        case to(Resource)
        /// The template is that of the revision already.
        case skipped(RevisionHistory.Problem)
    }

    /// The Deployment with an earlier template, and what caused that one.
    func back(to number: Int?) throws -> Return {
        do throws(RevisionHistory.Problem) {
            let revision = try history.revision(number, of: spec)
            var body = deployment.body
            body.set(revision.template, at: "spec", "template")
            if revision.cause != nil || deployment.changeCause != nil {
                let cause = revision.cause.map { Node.string($0) }
                body.set(cause, at: "metadata", "annotations", Self.causeAnnotation)
                if body["metadata"]?["annotations"]?.mapping?.entries.isEmpty == true {
                    body.set(nil, at: "metadata", "annotations")
                }
            }
            return .to(Resource(key: deployment.key, body: body))
        } catch {
            switch error {
            case .samePresent: return .skipped(error)
            case .paused:
                throw CommandError(
                    "\(error)",
                    hint: "canaryctl rollout resume deployment/\(deployment.name), and try again"
                )
            case .noHistory, .unknownRevision:
                throw CommandError(
                    "\(error)",
                    hint: "canaryctl rollout history deployment/\(deployment.name) lists its revisions"
                )
            }
        }
    }
}

extension Resource {
    fileprivate var changeCause: String? { metadata.annotations[DeploymentHistory.causeAnnotation] }
}
