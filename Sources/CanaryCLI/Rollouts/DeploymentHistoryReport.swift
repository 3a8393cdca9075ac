// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryReplicas
import CanaryResources

/// `rollout history deployment/NAME`, in kubectl's form.
struct DeploymentHistoryReport {
    let key: ResourceKey
    let history: RevisionHistory

    var text: String {
        var table = Table(titles: ["REVISION", "CHANGE-CAUSE"])
        for revision in history.revisions { table.add(["\(revision.number)", revision.cause ?? "<none>"]) }
        return "\(key.qualifiedName)\n\(table.text)"
    }

    /// All that one revision has.
    func text(of number: Int) throws -> String {
        let revision = try revision(number)
        let template = YAMLWriter.write(revision.shownTemplate).split(separator: "\n").map { "  \($0)\n" }
            .joined()
        return TerminalText.escapeLines(
            "\(key.qualifiedName) with revision #\(number)\nPod Template:\n\(template)"
        )
    }

    private func revision(_ number: Int) throws -> TemplateRevision {
        guard let revision = history.revisions.first(where: { $0.number == number }) else {
            throw CommandError(
                "\(RevisionHistory.Problem.unknownRevision(number))",
                hint: "canaryctl rollout history deployment/\(key.name) lists its revisions"
            )
        }
        return revision
    }

    func node(of number: Int) throws -> Node { node(try revision(number)) }

    var node: Node { ObjectText.list(history.revisions.map(node)) }

    private func node(_ revision: TemplateRevision) -> Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("DeploymentRevision"),
            "deployment": .string(key.name),
            "namespace": .string(key.namespace),
            "revision": .integer(Int64(revision.number)),
            "changeCause": revision.cause.map { .string($0) } ?? Node(.null),
            "template": revision.shownTemplate,
        ])
    }
}

extension TemplateRevision {
    /// With the label by which its pods are told from others.
    fileprivate var shownTemplate: Node {
        var shown = template
        shown.set(
            .string(DeploymentSpec.podTemplateHash(of: template)),
            at: "metadata",
            "labels",
            DeploymentSpec.podTemplateHashLabel
        )
        return shown
    }
}
