// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// helloworld with two servers and a running proxy, all on free ports.
final class Scene {
    let scratch: ScratchDirectory
    let v1: VersionServer
    let v2: VersionServer
    let proxy: Program
    private let client: Loopback

    static let root = TranscriptTests.directory.replacing("/Tests/CanaryCLITests/Transcripts", with: "")

    /// - Parameters:
    ///   - example: a directory of `examples` to apply on top of helloworld.
    ///   - canary: the Service that v2 belongs to.
    ///   - fails: whether v2 answers 500.
    init(example: String? = nil, canary: String = "helloworld", fails: Bool = false) throws {
        scratch = try ScratchDirectory()
        v1 = try VersionServer("v1")
        v2 = try VersionServer("v2", fails: fails)
        try Self.createHelloworld(in: scratch)
        if let example { try Self.succeed("apply", "-f", "\(Self.root)/examples/\(example)", in: scratch) }
        try Self.succeed("register", "helloworld", v1.address, "-l", "version=v1", in: scratch)
        try Self.succeed("register", canary, v2.address, "-l", "version=v2", in: scratch)
        proxy = try Self.startProxy(in: scratch)
        client = try Loopback(to: try Self.listener(of: proxy))
    }

    /// - Parameter server: takes all requests, as v1.
    static func createHelloworld(servedBy server: VersionServer? = nil, in scratch: ScratchDirectory) throws {
        try succeed("create", "-f", "\(root)/examples/helloworld", in: scratch)
        guard let server else { return }
        try succeed("register", "helloworld", server.address, "-l", "version=v1", in: scratch)
        try succeed("set-weight", "helloworld", "v1", "100", in: scratch)
    }

    /// Starts a proxy and waits until it serves.
    static func startProxy(_ options: String..., workers: Int = 1, in scratch: ScratchDirectory) throws
        -> Program
    {
        let proxy = try Program(["proxy", "--workers", "\(workers)"] + anyPorts + options, in: scratch)
        #expect(eventually { proxy.errors.contains("admin on ") }, "\(proxy.errors)")
        return proxy
    }

    /// Starts a proxy in the background; whoever calls this ends it with `down`.
    static func detachProxy(_ options: String..., in scratch: ScratchDirectory) throws -> DetachedProgram {
        let started = try Program(["proxy", "--detach"] + anyPorts + options, in: scratch).end()
        try #require(started.status == 0, "\(started.errors)")
        let line = started.output.split(separator: "\n").first
        let pid = line.flatMap { $0.split(separator: " ").last }.flatMap { pid_t($0) }
        return DetachedProgram(
            started: started,
            pid: try #require(pid),
            address: try listener(in: started.output)
        )
    }

    private static let anyPorts = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]

    /// What the proxies of a store are doing.
    static func proxyStatus(in scratch: ScratchDirectory) throws -> String {
        try Program.run("proxy-status", in: scratch).output
    }

    /// The first address that a proxy says it listens on.
    static func listener(of proxy: Program) throws -> String {
        try listener(in: proxy.errors)
    }

    static func listener(in text: String) throws -> String {
        let line = text.split(separator: "\n").first { $0.hasPrefix("listening on ") }
        return String(try #require(line, "\(text)").dropFirst("listening on ".count))
    }

    func run(_ arguments: String...) throws {
        try Self.succeed(arguments, in: scratch)
    }

    static func succeed(_ arguments: String..., in scratch: ScratchDirectory) throws {
        try succeed(arguments, in: scratch)
    }

    private static func succeed(_ arguments: [String], in scratch: ScratchDirectory) throws {
        let ended = try Program(arguments, in: scratch).end()
        try #require(ended.status == 0, "\(arguments): \(ended.errors)")
    }

    /// The version that answers a request with these headers.
    func request(_ headers: String...) throws -> String {
        let lines = (["GET / HTTP/1.1", "host: helloworld"] + headers).joined(separator: "\r\n")
        client.send("\(lines)\r\n\r\n")
        let answer = try #require(client.receive())
        try #require(answer.startLine.contains(" 200 "), "\(answer)")
        return answer.body
    }

    /// The page of helloworld.
    func describe() throws -> String {
        try Program.run("describe", "helloworld", in: scratch).output
    }

    /// How many of some requests v2 answered.
    func countOfV2(among count: Int, _ header: String? = nil) throws -> Int {
        try (0..<count).count { _ in
            try (header.map { try request($0) } ?? request()) == "v2"
        }
    }
}

/// A proxy that was started in the background.
struct DetachedProgram {
    /// The command that started it.
    let started: Program.Ended
    let pid: pid_t
    /// Where it listens.
    let address: String
}
