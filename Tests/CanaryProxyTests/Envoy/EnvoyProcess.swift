// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanaryTestSupport
import Glibc

/// An Envoy that serves a configuration, killed when the value goes away.
final class EnvoyProcess {
    /// The program that `CANARYCTL_ENVOY` names, else `envoy` on the path; `nil` where there is none.
    static let path: String? = {
        if let named = variable("CANARYCTL_ENVOY") { return named }
        let directories = (variable("PATH") ?? "").split(separator: ":")
        return directories.map { "\($0)/envoy" }.first { access($0, X_OK) == 0 }
    }()

    /// What random tests begin with: `CANARYCTL_ENVOY_SEED`, else always the same numbers.
    static let seeds: [UInt64] =
        variable("CANARYCTL_ENVOY_SEED").flatMap { UInt64($0) }.map { [$0] } ?? [1, 2]

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    struct Failed: Error {
        var log: String
    }

    /// Where each listener is, by its name.
    private(set) var listeners: [String: String] = [:]
    private let pid: pid_t
    private let scratch: ScratchDirectory

    /// Starts with a configuration in one file.
    convenience init(
        _ configuration: EnvoyConfiguration,
        logsRequests: Bool = false,
        changing changes: [String: String] = [:]
    ) throws {
        let scratch = try ScratchDirectory()
        // Envoy gathers what befalls a cluster for a second before it tells its workers.
        var text = JSONWriter.write(configuration.staticBootstrap).replacing(
            "\"common_lb_config\":{",
            with: "\"common_lb_config\":{\"update_merge_window\":\"0s\","
        )
        for (old, new) in changes { text = text.replacing(old, with: new) }
        if logsRequests { text = Self.log(to: scratch.path("requests.log"), in: text) }
        try self.init(bootstrap: try scratch.write(text, to: "envoy.json"), in: scratch)
    }

    /// Starts with a bootstrap file, whose admin port is 0, and waits until every listener is there.
    init(bootstrap: String, in scratch: ScratchDirectory) throws {
        self.scratch = scratch
        let arguments = [
            "--disable-hot-restart", "--concurrency", "1", "--log-path", scratch.path("envoy.log"),
            "--admin-address-path", scratch.path("admin"), "--file-flush-interval-msec", "10", "-c",
            bootstrap,
        ]
        pid = try Self.spawn(arguments)
        try waitUntilReady()
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Has every listener log status and flags of its requests.
    private static func log(to path: String, in bootstrap: String) -> String {
        let type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
        let format = "%RESPONSE_CODE% %RESPONSE_FLAGS%\\n"
        return bootstrap.replacing(
            "\"stat_prefix\":",
            with: """
                "access_log":[{"name":"log","typed_config":{"@type":"\(type)","path":"\(path)",\
                "log_format":{"text_format_source":{"inline_string":"\(format)"}}}}],"stat_prefix":
                """
        )
    }

    /// Status and flags of requests, `200 -`, once there are so many.
    func loggedRequests(count: Int) -> [String] {
        for _ in 0..<6000 {
            let lines = Self.text(scratch.path("requests.log")).split(separator: "\n").map(String.init)
            if lines.count >= count { return lines }
            poll(nil, 0, 10)
        }
        return []
    }

    var log: String { Self.text(scratch.path("envoy.log")) }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        let executable = path ?? ""
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, executable, nil, nil, &words, environ)
        guard error == 0 else { throw FailedCall(name: "posix_spawn \(executable)", number: error) }
        return pid
    }

    /// Asks the admin pages, for at most a minute, which needs no more than the time that Envoy takes.
    private func waitUntilReady() throws {
        for _ in 0..<6000 {
            if waitpid(pid, nil, WNOHANG) == pid { throw Failed(log: log) }
            if let page = adminPage("/ready"), page.hasPrefix("LIVE"), let list = adminPage("/listeners") {
                for line in list.split(separator: "\n") {
                    guard let separator = line.firstRange(of: "::") else { continue }
                    let name = String(line[..<separator.lowerBound])
                    listeners[name] = String(line[separator.upperBound...])
                }
                return
            }
            poll(nil, 0, 10)
        }
        throw Failed(log: log)
    }

    /// An admin page, made by the thread that decides about ejections; `nil` where Envoy does not answer.
    func adminPage(_ path: String) -> String? {
        let address = Self.text(scratch.path("admin"))
        guard !address.isEmpty, let connection = try? TestConnection(to: address) else { return nil }
        guard (try? connection.send("GET \(path) HTTP/1.1\r\nHost: admin\r\n\r\n")) != nil else { return nil }
        return (try? connection.readMessage())?.body
    }

    private static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
