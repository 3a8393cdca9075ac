// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryStore
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Every changing command, with each of its writes, syncs and renames failing or being its last: afterwards the store is what it
/// was or what the command makes of it, and everything works.
@Suite(.enabled(if: FaultLibrary.path != nil, "there is no C compiler to make the library of faults with"))
struct FaultTests {
    /// What a command meets, in turn, at every third call; with `CANARYCTL_FAULTS=all` all of them at every call.
    private static let modes = ["kill", "torn", "full", "broken"]

    private static let commands = [
        ["create", "-f", "\(Scene.root)/examples/helloworld"],
        ["apply", "-f", "\(Scene.root)/examples/helloworld"],
        ["set-weight", "helloworld", "v2", "20"],
        ["register", "helloworld", "127.0.0.1:9081", "-l", "version=v1"],
        ["undo", "helloworld"],
        ["delete", "virtualservice", "helloworld"],
    ]

    @Test(arguments: commands) func `a command meets a fault at each call`(_ command: [String]) throws {
        let base = try Self.base(for: command)
        let testsAll = getenv("CANARYCTL_FAULTS") != nil
        var call = 1
        while true {
            let chosen = testsAll ? Self.modes : [Self.modes[call / 3 % Self.modes.count]]
            let reached = try chosen.map { try Self.meet($0, at: call, command, base) }
            guard reached.contains(true) else { break }
            call += testsAll ? 1 : 3
        }
        // The lock's owner, and the log's frames at least.
        #expect(call > 3)
    }

    /// The store before a command: none for `create`, for `apply` one with something else in it.
    private static func base(for command: [String]) throws -> ScratchDirectory {
        let scratch = try ScratchDirectory()
        guard command[0] != "create" else { return scratch }
        let example = command[0] == "apply" ? "service.yaml" : ""
        try Scene.succeed("create", "-f", "\(Scene.root)/examples/helloworld/\(example)", in: scratch)
        if command[0] == "undo" { try Scene.succeed("set-weight", "helloworld", "v2", "50", in: scratch) }
        return scratch
    }

    /// Runs a command on a copy of a store; `false` where it ends before the call.
    private static func meet(_ mode: String, at call: Int, _ command: [String], _ base: ScratchDirectory)
        throws
        -> Bool
    {
        let scratch = try ScratchDirectory()
        try copy(base.path("store"), to: scratch.path("store"))
        let before = try revision(in: scratch) ?? 0
        let mark = scratch.path("reached")
        let program = try Program(
            command,
            in: scratch,
            environment: [
                "LD_PRELOAD=\(FaultLibrary.path ?? "")", "FAULT_DIR=\(scratch.path("store"))",
                "FAULT_AT=\(call)",
                "FAULT_MODE=\(mode)", "FAULT_MARK=\(mark)",
            ]
        )
        let ended = try program.end()
        let label: Comment = "\(command[0]): \(mode) at call \(call): \(ended.status) \(ended.errors)"
        let after = try revision(in: scratch) ?? 0
        #expect((before...before + 1).contains(after), label)
        switch ended.status {
        case 0: #expect(after == before + 1, label)
        case 128 + SIGKILL: #expect(["kill", "torn"].contains(mode), label)
        default:
            #expect(ended.status == 1, label)
            #expect(ended.errors.contains("error: "), label)
        }
        try check(scratch, label)
        return access(mark, F_OK) == 0
    }

    /// Reads everything, and changes something.
    private static func check(_ scratch: ScratchDirectory, _ label: Comment) throws {
        for words in [["get", "all"], ["apply", "-f", "\(root)/service.yaml"], ["describe", "helloworld"]] {
            let world = TestWorld(directory: scratch.path)
            let status = CommandLineRunner.run(words, in: world.context)
            #expect(status == .success, "\(label) \(words): \(world.errors)")
        }
        let store = try ClusterStore.openExisting(at: StoreLocation(scratch.path("store")))
        #expect(try store?.integrityProblem() == nil, label)
    }

    private static let root = "\(Scene.root)/examples/helloworld"

    private static func revision(in scratch: ScratchDirectory) throws -> Int64? {
        try ClusterStore.openExisting(at: StoreLocation(scratch.path("store")))?.read { $0.revision }
    }

    private static func copy(_ source: String, to target: String) throws {
        guard access(source, F_OK) == 0 else { return }
        #expect(mkdir(target, 0o700) == 0)
        for name in try FileReader.names(in: source).get() {
            let bytes = try FileReader.read(path: "\(source)/\(name)").get()
            _ = try FileWriter.replace(path: "\(target)/\(name)", with: bytes).get()
        }
    }
}

/// `Tests/Faults/faults.c`, built once for a run of tests.
private enum FaultLibrary {
    /// `nil` where there is no C compiler.
    static let path: String? = {
        guard let directory = scratch?.path else { return nil }
        let library = "\(directory)/faults.so"
        let words = ["cc", "-shared", "-fPIC", "-O1", "-o", library, "\(Scene.root)/Tests/Faults/faults.c"]
        var arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid = pid_t()
        var status: Int32 = 0
        guard posix_spawnp(&pid, "cc", nil, nil, &arguments, environ) == 0, waitpid(pid, &status, 0) == pid
        else {
            return nil
        }
        return status == 0 ? library : nil
    }()

    private static let scratch = try? ScratchDirectory()
}
