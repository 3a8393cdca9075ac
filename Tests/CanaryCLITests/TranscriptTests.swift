// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Runs every file in `Transcripts` in this process. With `UPDATE_TRANSCRIPTS=1` the files are rewritten to what the
/// commands print now; read the difference.
@Suite struct TranscriptTests {
    static let directory = String(#filePath.dropLast("TranscriptTests.swift".count)) + "Transcripts"

    static var names: [String] {
        (try? FileReader.names(in: directory).get().filter { $0.hasSuffix(".transcript") }) ?? []
    }

    @Test(arguments: names) func `a transcript`(_ name: String) throws {
        let path = "\(Self.directory)/\(name)"
        let recorded = String(decoding: try FileReader.read(path: path).get(), as: UTF8.self)
        let played = try TranscriptPlayer().play(Transcript(recorded)).text
        if getenv("UPDATE_TRANSCRIPTS") != nil {
            try writeFile(path, played)
        } else {
            #expect(played == recorded)
        }
    }

    @Test func `there are transcripts`() {
        #expect(!Self.names.isEmpty)
    }

    private func writeFile(_ path: String, _ text: String) throws {
        let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        #expect(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    }
}

/// Plays a transcript in a scratch directory, where `examples` is the repository's, with a clock that stands still.
struct TranscriptPlayer {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        let root = TranscriptTests.directory.replacing("/Tests/CanaryCLITests/Transcripts", with: "")
        #expect(symlink("\(root)/examples", scratch.path("examples")) == 0)
    }

    func play(_ transcript: Transcript) throws -> Transcript {
        var played = transcript
        for (index, step) in transcript.steps.enumerated() {
            switch step {
            case .comment: break
            case .file(let name, let content): try scratch.write(content, to: name)
            case .command(let command): played.steps[index] = .command(run(command))
            }
        }
        return played
    }

    private func run(_ command: Transcript.Command) -> Transcript.Command {
        let world = TestWorld(
            directory: scratch.path,
            input: command.input,
            environment: command.environment
        )
        var result = command
        result.status = CommandLineRunner.run(command.arguments, in: world.context).rawValue
        // The only text that differs from run to run is where the scratch directory happens to be.
        result.output = world.output.replacing(scratch.path, with: "$DIR")
        result.errors = world.errors.replacing(scratch.path, with: "$DIR")
        return result
    }
}

/// A context with an empty environment, whose streams can be read afterwards. They are no terminals unless `COLUMNS`
/// says how wide these are.
final class TestWorld {
    private final class Buffer {
        var bytes: [UInt8] = []
    }

    private let outputBuffer = Buffer()
    private let errorBuffer = Buffer()
    private(set) var context: CommandContext

    var output: String { String(decoding: outputBuffer.bytes, as: UTF8.self) }
    var errors: String { String(decoding: errorBuffer.bytes, as: UTF8.self) }

    /// - Parameter directory: the working directory, whose `store` is the cluster store.
    init(
        directory: String,
        input: String = "",
        environment: [String: String] = [:],
        now: Int64 = 1_795_348_800_000
    ) {
        let (out, err) = (outputBuffer, errorBuffer)
        let columns = environment["COLUMNS"].flatMap { Int($0) }
        context = CommandContext(
            standardOutput: OutputStream(isTerminal: columns != nil, columns: columns) { bytes in
                out.bytes += bytes
                return 0
            },
            standardError: OutputStream(isTerminal: columns != nil, columns: columns) { bytes in
                err.bytes += bytes
                return 0
            },
            readStandardInput: { .success(Array(input.utf8)) },
            standardInputIsTerminal: false,
            environment: ["CANARYCTL_STORE": "\(directory)/store"].merging(environment) { _, new in new },
            workingDirectory: directory,
            now: { now },
            userName: { "ada" },
            executable: "canaryctl"
        )
        context.newUID = { "00000000-0000-4000-8000-000000000000" }
    }
}
