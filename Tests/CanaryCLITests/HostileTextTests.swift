// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryManifests
import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// Whatever a manifest says, what is printed for people has the lines and the colours that canaryctl gives it: nobody can forge a
/// finding, or what a CI system takes for a command.
@Suite struct HostileTextTests {
    private static let mark = "\n::error::forged\u{1B}[31m\u{202E}\r\u{2028}::error::forged"
    private static let fixtures = ["RuleFixtures", "IstioRules"]

    /// Every fixture, with the mark in all its texts.
    @Test(arguments: fixtures, [false, true])
    func `no finding forges a line`(folder: String, alsoKeysAndNames: Bool) throws {
        let scratch = try ScratchDirectory()
        let tests = TranscriptTests.directory.replacing("/CanaryCLITests/Transcripts", with: "")
        for name in try FileReader.names(in: "\(tests)/\(folder)").get() {
            let bytes = try FileReader.read(path: "\(tests)/\(folder)/\(name)").get()
            var parser = YAMLParser()
            let documents = parser.parse(ManifestSource(name: name, bytes: bytes)).documents
            let text = documents.map { YAMLWriter.write(Self.marked($0, alsoKeysAndNames, isHeader: true)) }
                .joined(separator: "---\n")
            try scratch.write(text, to: "marked.yaml")
            for form in ["text", "github"] {
                let lines = run(["validate", "-f", "marked.yaml", "-o", form], in: scratch)
                // Without findings the test would prove nothing.
                #expect(lines.contains { $0.contains("forged") }, "\(name)")
            }
            run(["create", "-f", "marked.yaml", "--validate=ignore"], in: scratch)
            run(["diff", "-f", "marked.yaml"], in: scratch)
        }
    }

    /// What passes the checks may still hold anything in names of routes, conditions and annotations.
    @Test func `no stored text forges a line`() throws {
        let scratch = try ScratchDirectory()
        let text = YAMLWriter.write(Node.string(Self.mark)).replacing("\n", with: "")
        try scratch.write(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: shop, annotations: {note: \(text)}}
            spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: shop}
            spec:
              hosts: [shop]
              http:
              - name: \(text)
                match: [{uri: {exact: \(text)}, headers: {a: {exact: \(text)}}, queryParams: {b: {prefix: \(text)}}}]
                route: [{destination: {host: shop, subset: v1}, weight: 100}, {destination: {host: shop, subset: v2}}]
              - route: [{destination: {host: shop, subset: v1}}]
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: shop-1}
            spec: {address: 127.0.0.1, labels: {app: shop, version: v1}}
            ---
            apiVersion: networking.istio.io/v1
            kind: WorkloadEntry
            metadata: {name: shop-2}
            spec: {address: 127.0.0.2, labels: {app: shop, version: v2}}

            """,
            to: "shop.yaml"
        )
        try scratch.write("testCases: [{description: \(text), wantMatch: false}]\n", to: "tests.yaml")
        let created = run(["create", "-f", "shop.yaml", "--reason", Self.mark], in: scratch)
        #expect(created.contains("virtualservice.networking.istio.io/shop created"))
        for words in [
            ["set-weight", "shop", "v2", "10", "--route", "0"], ["set-weight", "shop", Self.mark, "10"],
            ["set-weight", "shop", "v2", "10", "--route", Self.mark], ["describe"], ["describe", "shop"],
            ["describe", "service", "shop"], ["describe", "virtualservice", "shop"], ["get", "all"],
            ["describe", Self.mark], ["history", "shop"], ["history", Self.mark],
            ["get", "service", Self.mark],
            ["explain", "GET", "http://shop/\(Self.mark)", "-H", "a: \(Self.mark)"], ["undo", "shop"],
            ["test", "-t", "tests.yaml", "-f", "shop.yaml"], ["diff", "-f", "shop.yaml"],
            ["delete", "service", Self.mark], ["validate", "-f", Self.mark], [Self.mark], ["get", Self.mark],
            ["validate", "-f", "shop.yaml", "--suppress", "CAN0001=\(Self.mark)"],
            ["register", Self.mark, "::1"],
        ] {
            run(words, in: scratch)
        }
    }

    /// Runs a command and looks at all that it prints.
    @discardableResult
    private func run(_ arguments: [String], in scratch: ScratchDirectory) -> [String] {
        let world = TestWorld(directory: scratch.path)
        _ = CommandLineRunner.run(arguments, in: world.context)
        let texts = [world.output, world.errors].map { String(decoding: $0.utf8, as: UTF8.self) }
        let lines = texts.flatMap { $0.unicodeScalars.split(separator: "\n").map { String($0) } }
        let forged = lines.filter { line in
            let start = line.unicodeScalars.drop { " +-".unicodeScalars.contains($0) }
            return String(start).hasPrefix("::error::") || line.unicodeScalars.contains(where: Self.isControl)
        }
        #expect(forged.isEmpty, "\(arguments.map { $0.replacing(Self.mark, with: "MARK") })")
        return lines
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
            || (0x202A...0x202E).contains(scalar.value)
    }

    /// A document with the mark in its texts; its header stays what it is unless keys and names are marked too.
    private static func marked(_ node: Node, _ alsoKeys: Bool, isHeader: Bool = false) -> Node {
        switch node.content {
        case .string(let text): return .string(text + mark)
        case .sequence(let items): return .sequence(items.map { marked($0, alsoKeys) })
        case .mapping(let mapping):
            let entries = mapping.entries.map { entry in
                let isKept = isHeader && !alsoKeys && ["apiVersion", "kind", "metadata"].contains(entry.key)
                let key = alsoKeys && !isHeader && entry.key.count % 3 == 0 ? entry.key + mark : entry.key
                let isKind = isHeader && ["apiVersion", "kind"].contains(entry.key)
                return Mapping.Entry(
                    key: key,
                    value: isKept || isKind && entry.key.count % 2 == 0
                        ? entry.value : marked(entry.value, alsoKeys)
                )
            }
            return Node(.mapping(Mapping(entries)))
        default: return node
        }
    }
}
