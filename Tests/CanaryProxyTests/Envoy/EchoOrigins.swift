// SPDX-License-Identifier: Apache-2.0

/// Servers that say who they are and what they were asked.
struct EchoOrigins {
    static let names = ["alpha-v1", "alpha-v2", "beta-80", "beta-8080", "gamma"]

    private let origins: [String: TestOrigin]

    init() throws {
        var origins: [String: TestOrigin] = [:]
        for name in Self.names {
            origins[name] = try TestOrigin { request in
                let lines = [request.startLine] + request.fields
                return TestOrigin.response(
                    lines.joined(separator: "\n"),
                    fields: ["x-origin: \(name)", "x-up: 1", "x-h: up", "Content-Type: text/echo"]
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
}
