// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A server that does to each try of a request what the request asks for: the header `x-do` lists it, `503 reset 200`, and the
/// last word goes for all tries behind. `x-key` tells requests apart.
///
/// A number is the status of an answer, `limited` and `grpc-14` are answers with such a header; `reset` ends the connection, `silent`
/// says nothing, `broken` what is no HTTP. What begins with `held-` waits for ``release(_:)``. No connection is used twice, so that
/// none is found closed.
final class ObedientOrigin: Sendable {
    private let state: Tries
    private let origin: TestOrigin

    var port: Int64 { Int64(origin.port) }

    init() throws {
        let state = Tries()
        self.state = state
        origin = try TestOrigin { connection, _ in
            let request = try connection.readMessage()
            let key = request.field("x-key") ?? ""
            let number = state.next(key)
            let words = (request.field("x-do") ?? "200").split(separator: " ")
            var word = words[min(number, words.count - 1)]
            if word.hasPrefix("held-") {
                word = word.dropFirst("held-".count)
                while !state.isReleased(key, number) { poll(nil, 0, 1) }
            }
            switch word {
            case "reset": return
            case "silent": _ = connection.readToEnd()
            case "broken": try connection.send("nonsense\r\n\r\n")
            default: try connection.send(Self.answer(word))
            }
        }
    }

    private static func answer(_ word: Substring) -> String {
        let (status, field): (String, [String]) =
            switch word {
            case "limited": ("429", ["x-envoy-ratelimited: true"])
            case "grpc-14": ("200", ["content-type: application/grpc", "grpc-status: 14"])
            default: (String(word), [])
            }
        return TestOrigin.response("", status: "\(status) Asked", fields: field + ["connection: close"])
    }

    /// How often a request was tried here.
    func tries(of key: String) -> Int { state.count(key) }

    /// How often all requests were tried here.
    var total: Int { state.total }

    /// Lets the next try of a request that is held go on.
    func release(_ key: String) { state.release(key) }

    private final class Tries: Sendable {
        private let counts = Mutex<[String: (tried: Int, released: Int)]>([:])

        func next(_ key: String) -> Int {
            counts.withLock { counts in
                defer { counts[key, default: (0, 0)].tried += 1 }
                return counts[key]?.tried ?? 0
            }
        }

        var total: Int { counts.withLock { $0.values.reduce(0) { $0 + $1.tried } } }
        func count(_ key: String) -> Int { counts.withLock { $0[key]?.tried ?? 0 } }
        func release(_ key: String) { counts.withLock { $0[key, default: (0, 0)].released += 1 } }
        func isReleased(_ key: String, _ number: Int) -> Bool {
            counts.withLock { ($0[key]?.released ?? 0) > number }
        }
    }
}
