// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Servers that say who they are, what they were asked, and how often; with the status that `x-fail` asks for. The last one keeps
/// to itself what copies it got.
struct EchoOrigins {
    static let names = ["alpha-v1", "alpha-v2", "beta-80", "beta-8080", "gamma", "copies"]

    private let origins: [String: TestOrigin]
    let copies = Copies()

    init() throws {
        let (tries, copies) = (Tries(), copies)
        var origins: [String: TestOrigin] = [:]
        for name in Self.names {
            origins[name] = try TestOrigin { request in
                if name == "copies" {
                    copies.add(request)
                    return TestOrigin.response("")
                }
                let lines = [request.startLine] + request.fields
                return TestOrigin.response(
                    lines.joined(separator: "\n"),
                    status: request.field("x-fail").map { "\($0) Asked" } ?? "200 OK",
                    fields: [
                        "x-origin: \(name)", "x-up: 1", "x-h: up", "Content-Type: text/echo",
                        "x-tries: \(tries.next(request.field("x-request-id") ?? ""))",
                    ]
                )
            }
        }
        self.origins = origins
    }

    func port(_ name: String) -> Int64 { origins[name].map { Int64($0.port) } ?? 0 }

    /// The origin behind an address: `127.0.0.1:4711`.
    func name(at address: String) -> String? {
        Self.names.first { address.hasSuffix(":\(port($0))") }
    }

    /// How often requests came, by their ids, which are the same for each try.
    private final class Tries: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func next(_ id: String) -> Int {
            counts.withLock { counts in
                counts[id, default: 0] += 1
                return counts[id] ?? 0
            }
        }
    }

    /// What mirrors got.
    final class Copies: Sendable {
        private let texts = Mutex<(envoy: Set<String>, proxy: Set<String>)>(([], []))

        /// Each as `GET /path host`.
        var all: (envoy: Set<String>, proxy: Set<String>) { texts.withLock(\.self) }

        func add(_ request: TestConnection.Message) {
            let line = request.startLine.split(separator: " ").prefix(2).joined(separator: " ")
            let text = "\(line) \(request.field("host") ?? "")"
            // A header of Envoy's own.
            let isEnvoys = request.field("x-envoy-external-address") != nil
            texts.withLock { texts in
                _ = isEnvoys ? texts.envoy.insert(text) : texts.proxy.insert(text)
            }
        }
    }
}
