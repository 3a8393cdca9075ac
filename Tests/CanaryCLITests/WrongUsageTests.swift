// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// Who leaves a word out, or types a neighbour's, is told what could stand there.
@Suite struct WrongUsageTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func run(_ words: [String]) -> (status: CanaryCLI.ExitStatus, output: String, errors: String) {
        let world = TestWorld(directory: scratch.path)
        let status = CommandLineRunner.run(words, in: world.context)
        return (status, world.output, world.errors)
    }

    /// The commands as the parser describes them.
    private func commands() throws -> [Node] {
        let dump = try JSONReader.read(run(["--experimental-dump-help"]).output)
        return try #require(dump["command"]?["subcommands"]?.items)
    }

    @Test func `every option that has choices lists them where its value is missing or wrong`() throws {
        var count = 0
        for command in try commands() {
            let name = try #require(command["commandName"]?.string)
            for option in command["arguments"]?.items ?? [] where option["kind"]?.string == "option" {
                guard let choices = option["allValues"]?.items.compactMap(\.string), !choices.isEmpty,
                    let long = option["preferredName"]?["name"]?.string
                else { continue }
                for words in [[name, "--\(long)"], [name, "--\(long)=nonsense"]] {
                    let told = run(words)
                    #expect(told.status == .usage, "\(words)")
                    for choice in choices { #expect(told.errors.contains(choice), "\(words)") }
                }
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test func `every option of a rollout's commands says how its values are written`() throws {
        let rollout = try #require(try commands().first { $0["commandName"]?.string == "rollout" })
        var count = 0
        for command in rollout["subcommands"]?.items ?? [] {
            let name = try #require(command["commandName"]?.string)
            // It would begin to work, with a store of that name; its options are those of all others.
            guard name != "run" else { continue }
            for option in command["arguments"]?.items ?? [] where option["kind"]?.string == "option" {
                let long = try #require(option["preferredName"]?["name"]?.string)
                let told = run(["rollout", name, "--\(long)=200%x"]).errors
                guard told.contains("is no value for") else { continue }
                #expect(told.contains("hint: it takes "), "\(name) --\(long): \(told)")
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test func `every command that lacks an argument says what one looks like`() throws {
        var count = 0
        for command in try commands() {
            let name = try #require(command["commandName"]?.string)
            // Others would begin to work: `proxy` serves until it is told to end.
            let needed = command["arguments"]?.items.filter { $0["isOptional"]?.bool == false } ?? []
            guard !needed.isEmpty else { continue }
            let told = run([name])
            #expect(told.status == .usage)
            #expect(
                told.errors.contains("hint: for example: canaryctl \(name) ")
                    || told.errors.contains("it takes ")
            )
            count += 1
        }
        #expect(count > 5)
    }

    @Test func `hints for foreign words name commands that there are`() throws {
        let names = Set(try commands().compactMap { $0["commandName"]?.string })
        var count = 0
        for hint in ForeignWords.all {
            let words = hint.split { $0 == " " || $0 == "\"" || $0 == "?" || $0 == "," || $0 == ":" }.map(
                String.init
            )
            for (program, command) in zip(words, words.dropFirst()) where program == "canaryctl" {
                #expect(names.contains(command), "\(hint)")
                count += 1
            }
        }
        #expect(count > 20)
    }
}
