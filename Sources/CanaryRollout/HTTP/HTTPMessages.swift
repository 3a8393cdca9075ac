// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// What is sent to somebody else's server.
package struct HTTPRequest: Sendable {
    package var url: HTTPURL
    /// JSON that is posted; without it the answer is only got.
    package var body: [UInt8]?
    /// Names and values of headers besides.
    package var headers: [[String]]

    package init(_ url: HTTPURL, body: [UInt8]? = nil, headers: [[String]] = []) {
        self.url = url
        self.body = body
        self.headers = headers
    }

    var method: String { body == nil ? "GET" : "POST" }

    /// The headers, without `Host` and those that frame the message.
    var fields: [String] {
        let own =
            ["User-Agent: canaryctl", "Accept: */*"] + (body == nil ? [] : ["Content-Type: application/json"])
        // A line break would begin another header.
        return own + headers.map { $0.joined(separator: ": ") }.filter { !$0.contains(where: \.isNewline) }
    }

    /// The message as HTTP/1.1 has it; the connection is for it alone.
    var bytes: [UInt8] {
        let host = headers.contains { $0.first?.lowercased() == "host" } ? [] : ["Host: \(url.authority)"]
        var lines = ["\(method) \(encodedTarget) HTTP/1.1"] + host + ["Connection: close"] + fields
        if let body { lines.append("Content-Length: \(body.count)") }
        return Array((lines + ["", ""]).joined(separator: "\r\n").utf8) + (body ?? [])
    }

    /// What is not ASCII, as `%XX`.
    private var encodedTarget: String {
        url.target.unicodeScalars.map { $0.isASCII ? String($0) : HTTPURL.encoded(String($0)) }.joined()
    }
}

package struct HTTPAnswer: Equatable, Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}

/// Why there is no answer, in words: `connection refused`.
package struct HTTPFailure: Error, Hashable {
    package var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
