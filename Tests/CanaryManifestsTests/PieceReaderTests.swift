// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

/// Large inputs are read in pieces by several threads; nobody may notice.
@Suite struct PieceReaderTests {
    private static func service(_ index: Int) -> String {
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: svc-\(index) # Ärger, 日本
        spec:
          selector: {app: svc-\(index)}
          ports:
          - port: \(index % 7 == 0 ? 0 : 80)

        """
    }

    /// Dozens of pieces, with something in the middle of it.
    private static func text(_ middle: String = "", separator: String = "---\n") -> String {
        let services = (0..<240).map(service)
        return services[..<120].joined(separator: separator) + separator + middle
            + services[120...].joined(separator: separator)
    }

    private func read(_ texts: [String], workers: Int, limits: ManifestLimits = .default) -> ManifestSet {
        let reader = ManifestReader(
            defaultNamespace: "default",
            namespaceIsExplicit: false,
            ignoreUnknownKinds: true,
            limits: limits
        )
        let sources = texts.enumerated().map { ManifestSource(name: "\($0).yaml", text: $1) }
        return reader.readAndCheck(sources, workers: workers, pieceBytes: 512)
    }

    private func expectSame(_ texts: [String], limits: ManifestLimits = .default) {
        let one = read(texts, workers: 1, limits: limits)
        let many = read(texts, workers: 3, limits: limits)
        #expect(many.resources.map(\.key) == one.resources.map(\.key))
        #expect(many.resources.map(\.body.position) == one.resources.map(\.body.position))
        #expect(many.resources.allSatisfy { $0.file != nil })
        #expect(many.diagnostics.sortedForPrinting() == one.diagnostics.sortedForPrinting())
        #expect(!one.diagnostics.isEmpty)
    }

    @Test(arguments: [
        "",
        "kind: Other\napiVersion: v1\n---\n",
        "# nothing\n---\n...\n",
        "broken: [\n---\n",
        "quoted: \"a\n--- b\"\n---\n",
        "%YAML 1.1\n---\nkind: Other\napiVersion: v1\n---\n",
        "text: |\n  ---\n  x\n---\n",
        service(3) + "---\n",
        "a: \u{1}\n---\n",
    ])
    func `threads change neither objects nor findings`(middle: String) {
        expectSame([Self.text(middle)])
    }

    @Test func `lines are counted whatever ends them`() {
        expectSame([Self.text(separator: "---\r\n"), "kind: Other\napiVersion: v1\n"])
        expectSame(["\n\n" + Self.text(), "# nothing\n", Self.service(5_000)])
    }

    @Test func `limits hold for all threads together`() {
        var limits = ManifestLimits()
        limits.documents = 100
        expectSame([Self.text()], limits: limits)
        limits = ManifestLimits()
        limits.nodes = 500
        expectSame([Self.text()], limits: limits)
    }

    @Test func `what is skipped is counted over all pieces`() {
        let skipped = (0..<40).map {
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a\($0)}\n---\n"
                + "apiVersion: a/v1\nkind: Gizmo\nmetadata: {name: g\($0)}\nspec: {template: {metadata: {labels: {a: b}}}}\n---\n"
        }
        let text = Self.text(skipped.joined())
        let (alone, together) = (read([text, text], workers: 1), read([text, text], workers: 3))
        #expect(alone.diagnostics.sortedForPrinting() == together.diagnostics.sortedForPrinting())
        #expect(together.diagnostics.count { $0.message.hasPrefix("skipped 80 objects of the ") } == 2)
        #expect(alone.skippedWorkloads.map(\.key) == together.skippedWorkloads.map(\.key))
    }
}
