// SPDX-License-Identifier: Apache-2.0

/// What became of a request: what the client got, and what the origin saw.
struct Outcome: Equatable, CustomStringConvertible {
    var status: Int
    /// The origin that answered; empty for the proxy's own answers.
    var origin = ""
    /// The client's view: the headers of the answer, and the body of answers that routes make.
    var headers: [String] = []
    var body = ""
    /// The origin's view: request line and headers.
    var request = ""
    var requestHeaders: [String] = []

    /// Headers that are not compared, and why.
    private static let ownHeaders: [String: String] = [
        "connection": "of one connection only",
        "transfer-encoding": "of one connection only",
        "content-length": "empty bodies have one or not; bodies are compared",
        "date": "of its moment",
        "server": "each proxy's name, in its own answers",
        "x-request-id": "random",
        "x-origin": "compared by itself",
        "x-forwarded-for": "Envoy puts its machine's address in the place of a client's on loopback",
        "x-envoy-external-address": "Envoy's own, for clients that it takes for foreign",
    ]

    init(_ message: TestConnection.Message) {
        status = message.status
        origin = message.field("x-origin") ?? ""
        headers = Self.headers(message.fields)
        if origin.isEmpty {
            body = status == 503 ? "" : message.body
        } else {
            let lines = message.body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            request = lines.first ?? ""
            requestHeaders = Self.headers(Array(lines.dropFirst()))
        }
    }

    /// Keeps the names of headers only.
    mutating func forgetValues() { headers = headers.map { String($0.prefix { $0 != ":" }) } }

    /// `name: value`, names in lower case and sorted, several values joined.
    private static func headers(_ lines: [String]) -> [String] {
        var values: [String: [String]] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            guard parts.count == 2, ownHeaders[name] == nil else { continue }
            values[name, default: []].append(String(parts[1].drop { $0 == " " }))
        }
        return values.map { name, values in
            // An empty one among others has no meaning (RFC 9110, 5.6.1).
            let all = values.filter { !$0.isEmpty }
            return "\(name): \(all.joined(separator: name == "cookie" ? "; " : ","))"
        }.sorted()
    }

    var description: String {
        "\(status) \(origin) \(headers) \(body.debugDescription) <- \(request) \(requestHeaders)"
    }
}
