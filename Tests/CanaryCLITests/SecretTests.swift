// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// What a Secret holds is shown by `get secret -o yaml|json|jsonpath` and by nothing else, and stays nowhere once it is gone.
struct SecretTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
    }

    /// Everywhere where a manifest of a Secret can hold data: once plain, as a tool's copy of the object, and where a misspelt
    /// field is kept.
    private static func manifest(_ mark: String, note: String = "1") -> String {
        """
        apiVersion: v1
        kind: Secret
        metadata:
          name: keys
          labels: {note: "\(note)"}
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"\(mark)"}}'
            kapp.k14s.io/original: '\(mark)'
            objectset.rio.cattle.io/applied: '\(mark)'
        type: Opaque
        data: {a: \(mark), large: \(String(repeating: mark, count: 2_000))}
        stringData: {b: \(mark)}
        stringdata: {c: \(mark)}
        strings: \(mark)

        """
    }

    /// Words that are valid base64, too.
    private static let (first, second) = ("aMarkOfOneSecret", "aMarkOfASecondOf")

    @discardableResult
    private func run(_ words: String..., columns: Int? = nil) -> String {
        let world = TestWorld(
            directory: scratch.path,
            environment: columns.map { ["COLUMNS": String($0)] } ?? [:]
        )
        _ = CommandLineRunner.run(words, in: world.context)
        return world.output + world.errors
    }

    private func expectNothing(_ texts: [String: String], sourceLocation: SourceLocation = #_sourceLocation) {
        for (command, text) in texts.sorted(by: { $0.key < $1.key }) {
            #expect(!text.isEmpty, "\(command)", sourceLocation: sourceLocation)
            for mark in [Self.first, Self.second] {
                #expect(!text.contains(mark), "\(command)", sourceLocation: sourceLocation)
            }
        }
    }

    /// Runs a line of words.
    private func outputs(of lines: [String]) -> [String: String] {
        lines.reduce(into: [:]) { outputs, line in
            let world = TestWorld(directory: scratch.path)
            _ = CommandLineRunner.run(line.split(separator: " ").map(String.init), in: world.context)
            outputs[line] = world.output + world.errors
        }
    }

    private func files(with mark: String) throws -> [String] {
        try FileReader.names(in: scratch.path("store")).get().filter { name in
            let bytes = (try? FileReader.read(path: scratch.path("store/\(name)")).get()) ?? []
            return bytes.firstRange(of: Array(mark.utf8)) != nil
        }
    }

    @Test func `no command shows what a Secret holds, but get`() throws {
        try scratch.write(Self.manifest(Self.first), to: "one.yaml")
        try scratch.write(Self.manifest(Self.second, note: "2"), to: "two.yaml")
        let changes = ["create", "apply", "replace"].flatMap { verb in
            ["yaml", "json", "name"].map { "\(verb) -f FILE --validate=ignore --dry-run=server -o \($0)" }
        }
        expectNothing(outputs(of: changes.map { $0.replacing("FILE", with: "one.yaml") }))
        #expect(run("create", "-f", "one.yaml", "--validate=ignore").contains("secret/keys created"))
        for form in [["-o", "yaml"], ["-o", "json"], ["-o", "jsonpath={.data.a}"]] {
            let world = TestWorld(directory: scratch.path)
            _ = CommandLineRunner.run(["get", "secret", "keys"] + form, in: world.context)
            #expect(world.output.contains(Self.first), "\(form)")
        }
        expectNothing(outputs(of: changes.map { $0.replacing("FILE", with: "two.yaml") }))
        let reads = [
            "get secrets", "get secrets -o wide", "get secret/keys -o name", "get secrets --show-labels",
            "get secrets -o custom-columns=A:.data.a,B:.metadata.annotations,C:.stringdata,D:.strings",
            "get secrets --sort-by=.data.a", "get all", "describe secret keys",
            "describe secret/keys -o json",
            "describe secret keys -o yaml", "describe", "diff -f one.yaml --validate=ignore",
            "diff -f two.yaml --validate=ignore", "history keys", "undo keys", "explain GET http://keys",
            "validate -f two.yaml", "validate -f two.yaml -o json", "validate -f two.yaml -o sarif",
            "validate -f two.yaml -o github", "validate -f two.yaml -o yaml", "export envoy",
            "create -f two.yaml",
        ]
        expectNothing(outputs(of: reads).mapValues { $0.isEmpty ? "nothing" : $0 })
        // At a terminal findings show the lines that they are about.
        expectNothing(["validate": run("validate", "-f", "two.yaml", columns: 200)])
        let diff = run("diff", "-f", "two.yaml", "--validate=ignore")
        #expect(diff.contains("a: '*** (before)'") && diff.contains("applied: '*** (after)'"), "\(diff)")
        for form in ["json", "yaml"] {
            expectNothing(outputs(of: ["delete -f two.yaml --validate=ignore --dry-run=server -o \(form)"]))
        }
    }

    @Test func `what a Secret held stays in no file of the store`() throws {
        try scratch.write(Self.manifest(Self.first), to: "one.yaml")
        try scratch.write(Self.manifest(Self.second), to: "two.yaml")
        run("create", "-f", "\(Scene.root)/examples/helloworld")
        run("create", "-f", "one.yaml", "--validate=ignore")
        #expect(try files(with: Self.first) == ["cluster.db-wal"])
        run("set-weight", "helloworld", "v2", "20")
        run("apply", "-f", "two.yaml", "--validate=ignore")
        #expect(try files(with: Self.first) == [])
        #expect(try files(with: Self.second) == ["cluster.db"])
        run("undo", "helloworld")
        #expect(try files(with: Self.first) == [])
        run("delete", "secret", "keys")
        run("undo", "helloworld")
        #expect(try files(with: Self.second) == [])
        #expect(run("get", "all").contains("helloworld"))
    }
    /// Larger than SQLite's cache, so that some of it is written before anything is committed.
    @Test func `a change that is taken back leaves nothing in the store`() throws {
        let manifests = (0..<6).map { number in
            """
            apiVersion: v1
            kind: Secret
            metadata: {name: keys-\(number)}
            data: {a: \(String(repeating: Self.first, count: 50_000))}

            """
        }
        let service = "\(Scene.root)/examples/helloworld/service.yaml"
        run("create", "-f", service)
        try scratch.write(manifests.joined(separator: "---\n"), to: "large.yaml")
        #expect(
            run("create", "-f", "large.yaml", "--dry-run=server").contains("secret/keys-5 created (server")
        )
        #expect(try files(with: Self.first) == [])
        // The last object exists already.
        #expect(run("create", "-f", "large.yaml", "-f", service).contains("already exists"))
        #expect(try files(with: Self.first) == [])
        #expect(run("get", "secrets").contains("No resources found"))
    }
}
