// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryResources

/// A request on the command line, as curl takes it.
struct RequestOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The method, GET where it is left out, and the URL; or tcp://HOST:PORT",
            valueName: "url"
        ),
        completion: .stored(.request)
    )
    var words: [String] = []

    @Option(
        name: [.customShort("H"), .long],
        help: ArgumentHelp("A header of the request; may be repeated", valueName: "name: value")
    )
    var header: [String] = []

    @Option(
        name: [.customShort("X"), .customLong("request")],
        help: ArgumentHelp("The method, as curl takes it", valueName: "method")
    )
    var method: String?

    @Option(help: ArgumentHelp("The labels of the client's pod", valueName: "key=value,..."))
    var sourceLabels: String?

    @Option(
        help: ArgumentHelp("Ask as a client of this Gateway, not of the mesh", valueName: "namespace/name"),
        completion: .stored(.gateway)
    )
    var gateway: String?

    @Option(help: ArgumentHelp("The value of sticky traffic's hash key", valueName: "key"))
    var user: String?

    /// The port that the URL leads to, whatever a `Host` header says.
    func port(_ request: ExplainedRequest) throws -> Int {
        guard let url = words.last else { return 80 }
        let (scheme, rest) = try Self.scheme(of: url)
        var addressed = request
        addressed.scheme = scheme
        addressed.authority = String(rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" })
        try Self.checkPort(of: addressed.authority)
        return addressed.port
    }

    /// A word alone that is one of these is no host: the URL was forgotten.
    static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    /// The request; a `Host` header decides about the authority. A Gateway without namespace is of the given one.
    func request(namespace: String) throws -> ExplainedRequest {
        let lacksURL = words.isEmpty || words.count == 1 && Self.methods.contains(words[0])
        guard let url = words.last, !lacksURL, words.count <= 2 else {
            throw CommandError.wrongUsage(
                lacksURL ? "explain lacks the URL of a request" : "explain takes a method and a URL",
                hint: "for example: canaryctl explain GET http://helloworld/hello"
            )
        }
        guard self.method == nil || words.count == 1 else {
            throw CommandError.wrongUsage(
                "the method is given twice: by -X and before the URL",
                hint: "leave one of them out"
            )
        }
        let method = self.method ?? (words.count == 2 ? words[0] : "GET")
        guard !method.isEmpty, method.utf8.allSatisfy(Self.isTokenByte) else {
            throw CommandError.wrongUsage("\"\(method)\" is no method", hint: "for example: GET")
        }
        let (scheme, rest) = try Self.scheme(of: url)
        let target = rest.prefix { $0 != "#" }
        let authority = target.prefix { $0 != "/" && $0 != "?" }
        let parts = target.dropFirst(authority.count)
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var request = ExplainedRequest(
            method: method,
            scheme: scheme,
            authority: String(authority),
            path: parts.first.flatMap { $0.isEmpty ? nil : String($0) } ?? "/",
            query: parts.count == 2 ? String(parts[1]) : nil,
            headers: try header.map(Self.header)
        )
        if let host = request.headers.last(where: { $0.name == "host" }) { request.authority = host.value }
        request.headers.removeAll { $0.name == "host" }
        guard !request.authority.contains("@") else {
            throw CommandError.wrongUsage("the URL \"\(url)\" holds a user's name", hint: "leave it out")
        }
        if request.isConnection { try checkConnection(request, url) }
        request.user = user
        request.gateway = try gateway.map { try Self.gateway($0, namespace) }
        guard user != "" else {
            throw CommandError.wrongUsage(
                "--user names nobody: its value is empty",
                hint: "leave it out, or give the value of the hash key"
            )
        }
        try Self.checkPort(of: request.authority)
        guard !request.authority.isEmpty else {
            throw CommandError.wrongUsage(
                "the URL \"\(url)\" names no host",
                hint: "for example: http://helloworld/"
            )
        }
        return request
    }

    private func checkConnection(_ request: ExplainedRequest, _ url: String) throws {
        let isBare = request.path == "/" && request.query == nil && request.headers.isEmpty
        guard isBare, words.count == 1, method == nil, header.isEmpty, user == nil else {
            throw CommandError.wrongUsage(
                "a TCP connection has no method, path, header or user",
                hint: "for example: canaryctl explain tcp://db:5432"
            )
        }
        guard request.authority.split(separator: "]").last?.contains(":") == true else {
            throw CommandError.wrongUsage(
                "\"\(url)\" names no port",
                hint: "for example: canaryctl explain tcp://db:5432"
            )
        }
    }

    private static func checkPort(of authority: String) throws {
        let text = authority.drop { $0 != "]" }
        guard let colon = (text.isEmpty ? authority[...] : text).lastIndex(of: ":") else { return }
        let port = authority[colon...].dropFirst()
        guard port.isEmpty || UInt16(port).map({ $0 > 0 }) == true else {
            throw CommandError.wrongUsage("\"\(port)\" is no port", hint: "ports are 1 to 65535")
        }
    }

    private static func gateway(_ text: String, _ namespace: String) throws -> GatewayReference {
        let names = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(names.count), names.allSatisfy({ !$0.isEmpty }), text != VirtualService.mesh,
            let reference = GatewayReference(text, namespace: namespace)
        else {
            throw CommandError.wrongUsage(
                "\"\(text)\" is no name of a Gateway",
                hint: "--gateway takes namespace/name; without it the client is one of the mesh"
            )
        }
        return reference
    }

    func labels() throws -> [String: String] {
        var labels: [String: String] = [:]
        for pair in sourceLabels?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw CommandError.wrongUsage(
                    "\"\(pair)\" is no label",
                    hint: "--source-labels takes key=value,..."
                )
            }
            labels[String(halves[0])] = String(halves[1])
        }
        return labels
    }

    private static func scheme(of url: String) throws -> (scheme: String, rest: Substring) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }), !url.contains("%00") else {
            throw CommandError.wrongUsage(
                "the URL \"\(url)\" holds a blank or control character",
                hint: "escape it, such as %20 for a blank, and quote the URL for the shell"
            )
        }
        guard let colon = url.firstRange(of: "://") else { return ("http", url[...]) }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard ["http", "https", "tcp"].contains(scheme) else {
            throw CommandError.wrongUsage(
                "the scheme \"\(scheme)\" is none of http, https and tcp",
                hint: "write http://\(url[colon.upperBound...])"
            )
        }
        return (scheme, url[colon.upperBound...])
    }

    private static func header(_ text: String) throws -> ExplainedRequest.Header {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[0].isEmpty, halves[0].utf8.allSatisfy(isTokenByte) else {
            throw CommandError.wrongUsage("\"\(text)\" is no header", hint: "for example: -H 'x-user: ada'")
        }
        let value = halves[1].drop { $0 == " " || $0 == "\t" }
        guard !value.utf8.contains(where: { [0, 10, 13].contains($0) }) else {
            throw CommandError.wrongUsage(
                "the value of header \"\(halves[0])\" has more than one line",
                hint: "give each header with an -H of its own"
            )
        }
        return ExplainedRequest.Header(name: halves[0].lowercased(), value: String(value))
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
