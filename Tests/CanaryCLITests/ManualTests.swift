// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryManifests
import CanaryResources
import CanaryRules
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// Holds the pages in `man` to the commands, their options, the exit statuses and the rules.
@Suite struct ManualTests {
    /// A command as the parser describes itself with `--experimental-dump-help`.
    struct Command: CustomTestStringConvertible {
        var name: String
        /// The spellings of each visible option: `["o", "-output"]`.
        var options: [[String]]

        var testDescription: String { name }

        init(_ node: Node) {
            name = node["commandName"]?.string ?? ""
            options = Self.options(node)
        }

        /// Its own, and those of the commands below it, which are described on the same page.
        private static func options(_ node: Node) -> [[String]] {
            let own = (node["arguments"]?.items ?? []).filter {
                $0["kind"]?.string != "positional" && $0["shouldDisplay"]?.bool == true
            }.map { option in
                (option["names"]?.items ?? []).compactMap { name in
                    name["name"]?.string.map { name["kind"]?.string == "short" ? $0 : "-" + $0 }
                }
            }
            guard node["commandName"]?.string != "canaryctl" else { return own }
            return own + (node["subcommands"]?.items ?? []).flatMap(options)
        }

        /// Where the command is described; the root's page is the one without a command's name.
        var page: String { name == "canaryctl" ? "canaryctl.1" : "canaryctl-\(name).1" }
    }

    static let directory = String(#filePath.dropLast("Tests/CanaryCLITests/ManualTests.swift".count)) + "man"

    private static func page(_ name: String) throws -> String {
        String(decoding: try FileReader.read(path: "\(directory)/\(name)").get(), as: UTF8.self)
    }

    private static func output(of arguments: [String]) throws -> (text: String, status: CanaryCLI.ExitStatus)
    {
        let scratch = try ScratchDirectory()
        let world = TestWorld(directory: scratch.path)
        let status = CommandLineRunner.run(arguments, in: world.context)
        return (world.output, status)
    }

    /// The root, and every command below it.
    private static func commands() throws -> (root: Command, all: [Command]) {
        let dump = try JSONReader.read(try output(of: ["--experimental-dump-help"]).text)
        let root = try #require(dump["command"])
        // The parser adds a "help" of its own behind ours; it is never reached.
        var names: Set<String> = []
        let all = (root["subcommands"]?.items ?? []).map(Command.init).filter {
            names.insert($0.name).inserted
        }
        return (Command(root), all)
    }

    /// The names after `Fl` in the macro lines of a page.
    private static func flags(in page: String) -> Set<String> {
        var flags: Set<String> = []
        for line in page.split(separator: "\n") where line.hasPrefix(".") {
            let words = line.split(separator: " ")
            for (word, next) in zip(words, words.dropFirst()) where word == "Fl" || word == ".Fl" {
                flags.insert(String(next))
            }
        }
        return flags
    }

    /// The lines of a page's section.
    private static func section(_ title: String, of page: String) -> [Substring] {
        let lines = page.split(separator: "\n")
        guard let start = lines.firstIndex(of: ".Sh \(title)") else { return [] }
        return Array(lines[(start + 1)...].prefix { !$0.hasPrefix(".Sh ") })
    }

    @Test func `the root's page names the global options, and every command`() throws {
        let (root, all) = try Self.commands()
        let page = try Self.page(root.page)
        #expect(Self.flags(in: page) == Set(root.options.joined()))
        let linked = page.split(separator: "\n").filter { $0.hasPrefix(".Xr canaryctl-") }
            .compactMap { $0.split(separator: " ").dropFirst().first?.dropFirst("canaryctl-".count) }
        #expect(Set(all.map(\.name)).isSubset(of: linked.map(String.init)))
    }

    @Test func `every command has a page that names its options and no others`() throws {
        let (root, all) = try Self.commands()
        #expect(!all.isEmpty)
        for command in all {
            let flags = Self.flags(in: try Self.page(command.page))
            let own = Set(command.options.filter { !root.options.contains($0) }.joined())
            #expect(flags.isSuperset(of: own), "options missing on \(command.page)")
            #expect(flags.isSubset(of: command.options.joined()), "options too many on \(command.page)")
        }
    }

    @Test func `every page of a command belongs to one`() throws {
        let (root, all) = try Self.commands()
        let pages = try FileReader.names(in: Self.directory).get().filter { $0.hasSuffix(".1") }
        #expect(Set(pages) == Set((all + [root]).map(\.page)))
    }

    @Test func `the manual lists the exit statuses`() throws {
        let lines = Self.section("EXIT STATUS", of: try Self.page("canaryctl.1"))
        let listed = lines.filter { $0.hasPrefix(".It ") }.compactMap { Int32($0.dropFirst(4)) }
        // Status 2 is diff's alone.
        let diff = Self.section("EXIT STATUS", of: try Self.page("canaryctl-diff.1"))
            .filter { $0.hasPrefix(".It ") }.compactMap { Int32($0.dropFirst(4)) }
        #expect(listed == CanaryCLI.ExitStatus.allCases.map(\.rawValue))
        #expect(Set([0, 1, 2]).isSubset(of: diff))
    }

    @Test func `the manual has an entry for every rule`() throws {
        let page = try Self.page("canaryctl-rules.7")
        let listed = page.split(separator: "\n").filter { $0.hasPrefix(".It Sy CAN") }
            .map { String($0.dropFirst(".It Sy ".count).prefix(7)) }
        let codes =
            RuleCatalog.all.map { $0.code.canary }
            + SchemaRule.allCases.map { $0.code(isIstio: true).canary }
        #expect(Set(listed).isSuperset(of: codes))
        #expect(Set(listed).count == listed.count)
    }

    @Test func `help has a page for every rule`() throws {
        let pages = RulePage.all
        #expect(pages.allSatisfy { !$0.section.isEmpty && !$0.paragraphs.isEmpty })
        #expect(Set(pages.map(\.code)).isSuperset(of: RuleCatalog.all.map { $0.code }))
        let (text, status) = try Self.output(of: ["help", "rule"])
        #expect(status == .success)
        #expect(pages.allSatisfy { text.contains("  \($0.code.canary) ") })
    }

    @Test func `the manual lists every field that is kept and not served`() throws {
        let lines = Self.section("WHAT IS SERVED", of: try Self.page("canaryctl-manifest.5"))
        let start = try #require(lines.firstIndex { $0 == ".Ss Kept, but not served" })
        var listed: [String: Set<String>] = [:]
        var kind = ""
        for line in lines[start...].prefix(while: { $0 != ".El" }) {
            let words = line.split(separator: " ").map(String.init)
            if line.hasPrefix(".It Sy ") { kind = words[2] }
            if line.hasPrefix(".Li "), words.count > 1 { listed[kind, default: []].insert(words[1]) }
        }
        for kind in ServedFields.kinds {
            let kept = ServedFields.fields(of: kind).filter {
                if case .kept = $0.standing { true } else { false }
            }.map { Self.atTopLevel($0.path) }
            #expect(listed[kind.rawValue] ?? [] == Set(kept), "\(kind)")
        }
    }

    /// The policy of a subset or a port has the fields of the DestinationRule's.
    private static func atTopLevel(_ path: String) -> String {
        path.replacing("subsets.trafficPolicy", with: "trafficPolicy").replacing(
            ".portLevelSettings",
            with: ""
        )
    }

    @Test func `every command explains itself`() throws {
        for command in try Self.commands().all {
            let (text, status) = try Self.output(of: [command.name, "--help"])
            #expect(status == .success)
            #expect(text.contains("USAGE: canaryctl \(command.name)"), "help of \(command.name)")
        }
    }
}
