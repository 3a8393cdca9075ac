// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryManifests
import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// A hint is an action that works: whoever does what it says has one finding less, and nothing else has changed.
@Suite struct HintTests {
    /// A text, and the hints that are expected of it, so that the test cannot pass by finding nothing to do.
    struct Case: CustomTestStringConvertible {
        let hints: [String]
        let text: String
        var testDescription: String { hints.first ?? "" }
    }

    private static let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {v: %}}\n"
        + "spec: {containers: [{name: c, image: x, args: [--port, @]}]}\n"
    private static func pod(_ label: String, _ argument: String = "\"80\"") -> String {
        pod.replacing("%", with: label).replacing("@", with: argument)
    }
    private static func routes(_ lines: String, host: String = "cart.example.net") -> String {
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart}\nspec:\n"
            + "  hosts: [\(host)]\n  http:\n\(lines)"
    }
    private static let action = "    route: [{destination: {host: cart.example.net}}]\n"

    static let cases = [
        Case(hints: [#"put the value in quotes: v: "1.10""#], text: pod("1.10")),
        Case(hints: [#"put the value in quotes: v: "0123456""#], text: pod("0123456")),
        Case(hints: [#"put the value in quotes: v: "12e03""#], text: pod("12e03")),
        Case(hints: [#"put the value in quotes: v: "yes""#], text: pod("yes")),
        Case(hints: [#"put the value in quotes: "8080""#], text: pod("a", "8080")),
        Case(hints: [#"put the value in quotes: "0x1F""#], text: pod("a", "0x1F")),
        Case(hints: ["write it with a unit: timeout: 5s"], text: routes("  - timeout: 5\n\(action)")),
        Case(hints: ["write it with a unit: timeout: 0.5s"], text: routes("  - timeout: 0.5\n\(action)")),
        Case(
            hints: ["write it as an object: port: {number: 80}"],
            text: routes("  - route: [{destination: {host: cart.example.net, port: 80}}]\n")
        ),
        Case(
            hints: ["write it as an object: percentage: {value: 12.5}"],
            text: routes("  - fault: {abort: {percentage: 12.5, httpStatus: 500}}\n\(action)")
        ),
        Case(
            hints: ["write it without quotes: weight: 10"],
            text: routes(
                "  - route: [{destination: {host: a}, weight: \"10\"}, {destination: {host: b}, weight: 90}]\n"
            )
        ),
        Case(hints: [#"did you mean "timeout"?"#], text: routes("  - timeuot: 5s\n\(action)")),
        Case(
            hints: [#""exact" belongs under "uri": indent it"#],
            text: routes("  - match:\n    - uri:\n      exact: /health\n\(action)")
        ),
        Case(
            hints: [#""regex" belongs under "method": indent it"#],
            text: routes("  - match:\n    - uri: {prefix: /a}\n      method:\n      regex: G.*\n\(action)")
        ),
        Case(
            hints: [#""port" belongs under "match": indent it, and begin with "- ""#],
            text: routes("  - match:\n    port: 443\n\(action)")
        ),
    ]

    @Test(arguments: cases) func `an edit that a hint asks for works`(_ example: Case) throws {
        let findings = Self.findings(example.text)
        for hint in example.hints {
            let finding = try #require(findings.first { $0.hint == hint }, "\(findings.map(\.hint))")
            let edited = try #require(HintedEdit(hint, finding.position).edit(example.text))
            let left = Self.findings(edited).map(\.message)
            #expect(!left.contains(finding.message))
            #expect(Set(left).subtracting(findings.map(\.message)) == [], "\(edited)")
        }
    }

    /// Every fixture of the rules: whatever hint is an edit is tried.
    @Test(arguments: ["RuleFixtures", "IstioRules"]) func `edits work in all fixtures`(folder: String) throws
    {
        let tests = TranscriptTests.directory.replacing("/CanaryCLITests/Transcripts", with: "")
        for name in try FileReader.names(in: "\(tests)/\(folder)").get() {
            let bytes = try FileReader.read(path: "\(tests)/\(folder)/\(name)").get()
            for document in String(decoding: bytes, as: UTF8.self).split(separator: "\n---\n").map(
                String.init
            ) {
                let findings = Self.findings(document)
                for finding in findings {
                    guard let hint = finding.hint,
                        let edited = HintedEdit(hint, finding.position).edit(document)
                    else { continue }
                    let left = Self.findings(edited).map(\.message)
                    #expect(
                        left.count { $0 == finding.message }
                            < findings.count { $0.message == finding.message }
                    )
                }
            }
        }
    }

    @Test func `a key that several fields could hold is not guessed at`() {
        let findings = Self.findings(Self.routes("  - match:\n    - exact: /a\n\(Self.action)"))
        #expect(
            findings.filter { $0.message.contains("exact") }.map(\.hint) == ["remove it, or correct its name"]
        )
    }

    @Test(arguments: ["cart", "cart.shop"]) func `a command that a hint names works`(service: String) throws {
        let namespace = service == "cart" ? "default" : "shop"
        let destinations =
            "[{destination: {host: cart, subset: v1}, weight: 100}, {destination: {host: cart, subset: v2}, weight: 0}]"
        let text =
            """
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: \(namespace)}
            spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: cart, namespace: \(namespace)}
            spec:
              hosts: [cart]
              http:
              - match: [{headers: {x-dev: {exact: "1"}}}]
                route: \(destinations)
              - route: [{destination: {host: cart, subset: v1}}]
              tls:
              - match: [{sniHosts: [cart]}]
                route: \(destinations.replacing("v2", with: "v3"))
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: cart, namespace: \(namespace)}
            spec:
              host: cart
              subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}, {name: v3, labels: {version: v3}}]

            """
        let scratch = try ScratchDirectory()
        try scratch.write(text, to: "cart.yaml")
        #expect(run(["create", "-f", "cart.yaml"], in: scratch).status == 0)
        let before = run(["validate", "-f", "cart.yaml"], in: scratch).output
        let commands = before.split(separator: "\n").filter { $0.hasPrefix("hint: \"canaryctl set-weight ") }
            .compactMap { $0.split(separator: "\"").dropFirst().first }
        #expect(
            commands.map(String.init) == [
                "canaryctl set-weight \(service) v2 10 --route 0",
                "canaryctl set-weight \(service) v3 10 --route 2",
            ]
        )
        for command in commands {
            #expect(
                run(command.split(separator: " ").dropFirst().map(String.init), in: scratch).status
                    == 0
            )
        }
        let stored = run(["get", "vs", "cart", "-n", namespace, "-o", "yaml"], in: scratch).output
        try scratch.write(stored, to: "stored.yaml")
        #expect(
            !run(["validate", "-f", "stored.yaml", "--store-context"], in: scratch).output.contains("CAN1110")
        )
        #expect(
            stored.split(separator: "\n").filter { $0.contains("weight: ") }.map { $0.suffix(2) } == [
                "90", "10", "90", "10",
            ]
        )
    }

    private static func findings(_ text: String) -> [Diagnostic] {
        let reader = ManifestReader(
            defaultNamespace: "default",
            namespaceIsExplicit: false,
            ignoreUnknownKinds: true
        )
        return reader.readAndCheck([ManifestSource(name: "a.yaml", text: text)], workers: 1).diagnostics
    }

    private func run(_ arguments: [String], in scratch: ScratchDirectory) -> (
        status: Int32, output: String
    ) {
        let world = TestWorld(directory: scratch.path)
        let status = CommandLineRunner.run(arguments, in: world.context)
        return (status.rawValue, world.output)
    }
}

/// An edit as a hint describes it, done as a person would do it.
private struct HintedEdit {
    private let hint: String
    private let position: Position

    init(_ hint: String, _ position: Position) {
        self.hint = hint
        self.position = position
    }

    /// The text after the edit; `nil` where the hint is none.
    func edit(_ text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let number = Int(position.line) - 1
        guard lines.indices.contains(number) else { return nil }
        let line = lines[number]
        let start = line.index(line.startIndex, offsetBy: Int(position.column) - 1)
        let (before, after) = (String(line[..<start]), String(line[start...]))
        if let value = argument(of: "put the value in quotes: ") {
            lines[number] = before + replacing(after, String(value.dropFirst().dropLast()), by: value)
        } else if let value = argument(of: "write it without quotes: ") {
            lines[number] = before + replacing(after, "\"\(value)\"", by: value)
        } else if let value = argument(of: "write it with a unit: ") {
            lines[number] = before + replacing(after, String(value.dropLast()), by: value)
        } else if hint.hasPrefix("write it as an object: "), let brace = hint.firstIndex(of: "{") {
            let object = String(hint[brace...])
            let value = object.dropLast().split(separator: " ").last.map(String.init) ?? ""
            lines[number] = before + replacing(after, value, by: object)
        } else if hint.hasPrefix("did you mean \""), let name = quoted.first,
            let end = after.firstIndex(of: ":")
        {
            lines[number] = before + name + after[end...]
        } else if hint.contains("belongs under") && hint.contains("indent it") {
            lines[number] = before + (hint.contains("begin with") ? "- " : "  ") + after
        } else {
            return nil
        }
        return lines.joined(separator: "\n")
    }

    private var quoted: [String] {
        hint.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    /// The value behind the words, without the key that the hint repeats.
    private func argument(of words: String) -> String? {
        guard hint.hasPrefix(words) else { return nil }
        let rest = hint.dropFirst(words.count)
        return rest.firstRange(of: ": ").map { String(rest[$0.upperBound...]) } ?? String(rest)
    }

    private func replacing(_ text: String, _ old: String, by new: String) -> String {
        guard let range = text.firstRange(of: old) else { return text }
        return String(text[..<range.lowerBound]) + new + text[range.upperBound...]
    }
}

/// What helps where the system refuses something.
@Suite struct RefusalTests {
    @Test func `who may not stop a proxy is told who may`() {
        let error = DownCommand.refusal(17, SystemCallError(EPERM))
        #expect(error.message == "cannot stop proxy 17: operation not permitted")
        #expect(error.hint == "run it as the user whose proxy it is: ps -o user= -p 17 tells who that is")
    }
}
