// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import CanaryProxy

/// Nobody's request is hidden in another's, and nobody gets another's answer.
struct SmugglingTests {
    /// Every shape is refused, or passed on so that a strict reader sees the same requests as the proxy.
    @Test func `an origin sees only requests that the proxy saw`() throws {
        let seen = Seen()
        let origin = try TestOrigin { connection, _ in
            while true {
                let request: TestConnection.Message
                do { request = try StrictReader.request(connection) } catch let error as StrictReader.Unclear
                {
                    seen.add("unclear: \(error.text)")
                    throw error
                }
                seen.add(request.startLine)
                try connection.send(TestOrigin.response("fine"))
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        for shape in SmugglingShapes.all {
            seen.clear()
            let connection = try proxy.connect()
            try? connection.send(shape.bytes)
            connection.finishSending()
            let answers = connection.readToEnd().components(of: "HTTP/1.1 ")
            let requests = seen.all
            #expect(
                !requests.contains { $0.contains("/smuggled ") || $0.hasPrefix("unclear") },
                "\(shape): \(requests)"
            )
            let accepted = answers.count { $0.hasPrefix("200") }
            // A request whose body never ends is passed on and not answered.
            #expect(
                requests.count >= accepted && requests.count <= accepted + 1,
                "\(shape): \(requests), \(answers)"
            )
        }
    }

    /// What an origin sends beyond its answer, or wrongly framed, never reaches the next client of the same connection.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 6\r\n\r\nokevil",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nokevil",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nokevil",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokevil",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nevil",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nokevil", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nokevil",
        "ICY 200 OK\r\n\r\nevil", "evil",
    ])
    func `nobody gets what was left of another's answer`(answer: String) throws {
        let origin = try TestOrigin { connection, _ in
            while true {
                let request = try connection.readMessage(isHead: true)
                let isVictim = request.startLine.contains("/victim")
                try connection.send(isVictim ? TestOrigin.response("clean") : answer)
            }
        }
        let proxy = try TestProxy([("v1", origin.port)])
        for method in ["GET", "HEAD"] {
            let attacker = try proxy.connect()
            try attacker.send("\(method) /a HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
            _ = attacker.readToEnd()
            let victim = try proxy.ask("GET /victim HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(victim.status == 200 && victim.body == "clean", "\(method) \(victim)")
        }
    }

    private final class Seen: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }

        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func clear() { lines.withLock { $0.removeAll() } }
    }
}

/// Reads requests as strictly as RFC 9112 can be read, by other code than the proxy's: whatever two servers could read
/// differently is unclear.
private enum StrictReader {
    struct Unclear: Error { var text: String }

    static func request(_ connection: TestConnection) throws -> TestConnection.Message {
        let text = try connection.read(until: "\r\n\r\n")
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        try require(lines[0].wholeMatch(of: /[A-Z]+ [!-~]+ HTTP\/1\.1/) != nil, text)
        var lengths: [String] = []
        var encodings: [String] = []
        var hosts = 0
        for line in lines.dropFirst() {
            guard
                let match = line.wholeMatch(
                    of: /([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([^\u{0}-\u{8}\n-\u{1F}\u{7F}]*)/
                )
            else {
                throw Unclear(text: text)
            }
            switch match.1.lowercased() {
            case "content-length": lengths.append(String(match.2))
            case "transfer-encoding": encodings.append(String(match.2))
            case "host": hosts += 1
            default: break
            }
        }
        try require(hosts == 1 && lengths.count + encodings.count <= 1, text)
        if let length = lengths.first {
            try require(length.wholeMatch(of: /[0-9]+[ \t]*/) != nil, text)
            _ = try connection.read(Int(length.prefix { $0.isNumber }) ?? 0)
        }
        if let encoding = encodings.first {
            try require(encoding == "chunked", text)
            try readChunks(connection)
        }
        return TestConnection.Message(startLine: lines[0], fields: Array(lines.dropFirst()), body: "")
    }

    private static func readChunks(_ connection: TestConnection) throws {
        while true {
            let line = try connection.read(until: "\r\n")
            guard line.wholeMatch(of: /[0-9a-fA-F]{1,15}/) != nil, let size = Int(line, radix: 16) else {
                throw Unclear(text: line)
            }
            if size == 0 { break }
            _ = try connection.read(size)
            try require(try connection.read(2) == [13, 10], line)
        }
        while case let line = try connection.read(until: "\r\n"), line != "" {
            try require(line.wholeMatch(of: /[A-Za-z0-9-]+: [ -~]*/) != nil, line)
        }
    }

    private static func require(_ condition: Bool, _ text: String) throws {
        guard condition else { throw Unclear(text: text) }
    }
}

extension String {
    /// The parts between `mark`s, empty ones left out.
    fileprivate func components(of mark: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: mark) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        parts.append(rest)
        return parts.filter { !$0.isEmpty }
    }
}
