// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryReplicas

/// As Kubernetes' controller numbers ReplicaSets, and `kubectl rollout` finds them.
@Suite struct RevisionHistoryTests {
    private func spec(_ image: String, limit: Int = 10, isPaused: Bool = false) -> DeploymentSpec {
        DeploymentSpec(
            name: "web",
            replicas: 1,
            template: Self.template(image),
            revisionHistoryLimit: limit,
            isPaused: isPaused
        )
    }

    private static func template(_ image: String) -> Node { .mapping(["image": .string(image)]) }

    private func history(of images: String..., limit: Int = 10) -> RevisionHistory {
        images.reduce(into: RevisionHistory()) { $0.note(spec($1, limit: limit), cause: "to \($1)") }
    }

    private func numbers(_ history: RevisionHistory) -> [Int] { history.revisions.map(\.number) }

    @Test func `each template is a revision, and one that comes back the newest`() {
        let history = history(of: "a", "b", "a", "c")
        #expect(numbers(history) == [2, 3, 4])
        #expect(history.revisions.map(\.template) == ["b", "a", "c"].map(Self.template))
        #expect(history.revisions.map(\.cause) == ["to b", "to a", "to c"])
    }

    @Test func `what changes nothing of the template is no revision, and may give it a cause`() {
        var history = history(of: "a", "b")
        history.note(spec("b"), cause: nil, reason: "scaled")
        #expect(numbers(history) == [1, 2] && history.revisions.last?.cause == "to b")
        history.note(spec("b"), cause: "better said")
        #expect(numbers(history) == [1, 2] && history.revisions.last?.cause == "better said")
        history.note(spec("c"), cause: nil, reason: "why it was changed")
        #expect(
            history.revisions.last == TemplateRevision(3, Self.template("c"), cause: "why it was changed")
        )
    }

    @Test func `nothing is rolled out while it is paused`() {
        var history = history(of: "a")
        history.note(spec("b", isPaused: true), cause: nil)
        #expect(numbers(history) == [1])
        history.note(spec("c"), cause: nil)
        #expect(history.revisions.map(\.template) == ["a", "c"].map(Self.template))
    }

    @Test(arguments: [(0, [5]), (1, [4, 5]), (10, [1, 2, 3, 4, 5])])
    func `as many former ones are kept as the Deployment says`(limit: Int, kept: [Int]) {
        #expect(numbers(history(of: "a", "b", "c", "d", "e", limit: limit)) == kept)
    }

    @Test func `it goes back to the one before, or to one that is named`() throws {
        let history = history(of: "a", "b", "c")
        #expect(try history.revision(nil, of: spec("c")).template == Self.template("b"))
        #expect(try history.revision(0, of: spec("c")).template == Self.template("b"))
        #expect(try history.revision(1, of: spec("c")).cause == "to a")
        #expect(throws: RevisionHistory.Problem.samePresent(revision: 3)) {
            try history.revision(3, of: spec("c"))
        }
        #expect(throws: RevisionHistory.Problem.unknownRevision(7)) {
            try history.revision(7, of: spec("c"))
        }
        #expect(throws: RevisionHistory.Problem.paused(deployment: "web")) {
            try history.revision(1, of: spec("c", isPaused: true))
        }
        #expect(throws: RevisionHistory.Problem.noHistory(deployment: "web")) {
            try self.history(of: "a").revision(nil, of: spec("a"))
        }
    }
}
