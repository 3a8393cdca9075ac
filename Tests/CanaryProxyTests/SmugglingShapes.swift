// SPDX-License-Identifier: Apache-2.0

/// Request shapes that have made two servers disagree about where a message ends or whom it addresses: the families of the
/// published attacks on HTTP/1.1, each crossed with the ways to write the same thing oddly.
///
/// Every shape carries a second request for `/smuggled` where a confused server would see one.
enum SmugglingShapes {
    struct Shape: Sendable, CustomStringConvertible {
        let family: String
        let bytes: String
        var description: String { "\(family): \(bytes.debugDescription)" }
    }

    private static let hidden = "GET /smuggled HTTP/1.1\r\nHost: app\r\nX: "

    /// Spellings of Transfer-Encoding that some server takes for it and another does not.
    private static let encodings = [
        "Transfer-Encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
        "Transfer-Encoding:\tchunked", "Transfer-Encoding:\u{0B}chunked", "Transfer-Encoding:\u{0C}chunked",
        "Transfer-Encoding: \u{0}chunked", "Transfer-Encoding: chunked\u{0}",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: CHUNKED",
        "Transfer-Encoding: chunKed ", "Transfer_Encoding: chunked", "Transfer-Encoding\u{0}: chunked",
        "Transfer-Encoding\r: chunked", "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding:", "Transfer-Encoding: ",
        "transfer-encoding: \u{7F}chunked", "Transfer-Encoding: ch\u{212A}unked", "Content-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
        "Foo: bar\r\n\r\nTransfer-Encoding: chunked",
    ]

    private static let lengths = [
        "6", "0", "+6", "-6", " 6", "6 ", "06", "0x6", "6, 6", "6,6", "6;6", "6 6", "6\t", "\t6", "6.0",
        "6e0", "٦",
        "18446744073709551622", "9223372036854775808", "99999999999999999999999", "", "6\u{0}", "\"6\"",
        "six",
        "6\r\nContent-Length: 6", "6\r\nContent-Length: 7", "6\r\ncontent-length: 6",
        "6\r\n Content-Length: 7",
        "6\nContent-Length: 7", "6\r\nContent-Length : 7", "6\r\nConnection: Content-Length",
    ]

    private static let chunkLines = [
        "0", "00", "000000000000000", "0000000000000000", "+0", "-0", " 0", "0 ", "0\t", "0x0", "0;", "0;a",
        "0;a\n", "0\n", "0\r",
        "0\u{0}", "", "g", "1", "ffffffffffffffff", "10000000000000000", "-1", "0;\u{0}", "0;a=\"\r\n\"",
        "0,0", "0.", "0\u{0B}",
    ]

    private static let requestLines = [
        "GET /smuggled-not HTTP/1.1", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /\tHTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/1.10", "GET / http/1.1", "GET /",
        "GET / ",
        "GET / HTTP/1.1 HTTP/1.1", "GET /\r HTTP/1.1", "GET /\nX HTTP/1.1", "GET /\u{0} HTTP/1.1",
        "GET /# HTTP/1.1",
        "GET app/ HTTP/1.1", "GET * HTTP/1.1", "GET ftp://app/ HTTP/1.1", "GET https://app/ HTTP/1.1",
        "GET http://other@app/ HTTP/1.1", "GET http:///x HTTP/1.1", "GET //app/../x HTTP/1.1",
        "G\u{0}T / HTTP/1.1",
        "GET:/ / HTTP/1.1", "\u{0}GET / HTTP/1.1", "GET http://other/ HTTP/1.1", "GET /%00 HTTP/1.1",
        "GET /é HTTP/1.1",
    ]

    private static let hosts = [
        "Host: app\r\nHost: other", "Host: other\r\nHost: app", "Host : app", "Host:\tapp",
        "Host: app, other", "Host: app other",
        "Host: app\u{0}other", "Host: app\r\n other", "Host: app@other", "Host: app:80:80", "Host: app:x",
        "Host: app/x", "Host: app#",
        "Host: app\\other", "Host:", "X: y", " Host: app", "Host: app\nX: y", "Host: [::1", "Host: app;other",
        "Host: app:99999999",
        "X-Forwarded-Host: other\r\nHost: app", "Host: app\r\nConnection: Host",
        "Host: app\r\nConnection: close, Host",
    ]

    static let all: [Shape] = {
        var shapes: [Shape] = []
        func add(_ family: String, _ bytes: String) { shapes.append(Shape(family: family, bytes: bytes)) }
        for encoding in encodings {
            // The body by its length hides a request behind a last chunk, or behind a chunk of that length.
            add(
                "CL.TE",
                "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: 50\r\n\(encoding)\r\n\r\n0\r\n\r\n\(hidden)"
            )
            add(
                "TE.CL",
                "POST /a HTTP/1.1\r\nHost: app\r\n\(encoding)\r\nContent-Length: 4\r\n\r\n2c\r\n\(hidden)\r\n0\r\n\r\n"
            )
            add("TE", "POST /a HTTP/1.1\r\nHost: app\r\n\(encoding)\r\n\r\n0\r\n\r\n")
            add("TE 1.0", "POST /a HTTP/1.0\r\nHost: app\r\n\(encoding)\r\n\r\n0\r\n\r\n\(hidden)")
            add(
                "GET with TE",
                "GET /a HTTP/1.1\r\nHost: app\r\n\(encoding)\r\n\r\n2c\r\n\(hidden)\r\n0\r\n\r\n"
            )
        }
        for length in lengths {
            add("CL", "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: \(length)\r\n\r\n123456")
            guard length != "0" else { continue }
            add(
                "CL.0",
                "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length: \(length)\r\n\r\n\(hidden)1\r\n\r\n"
            )
            add(
                "CL name",
                "POST /a HTTP/1.1\r\nHost: app\r\nContent-Length\u{A0}: \(length)\r\n\r\n\(hidden)"
            )
        }
        for line in chunkLines {
            let head = "POST /a HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n"
            add("chunk size", "\(head)\(line)\r\n\r\n")
            add("chunk size later", "\(head)3\r\nabc\r\n\(line)\r\n\r\n\(hidden)")
            add("chunk end", "\(head)3\r\nabc\(line)\r\n0\r\n\r\n\(hidden)")
        }
        for line in requestLines { add("request line", "\(line)\r\nHost: app\r\n\r\n") }
        for host in hosts { add("host", "GET /a HTTP/1.1\r\n\(host)\r\n\r\n") }
        for end in ["\n", "\r", "\n\r", "\r\r\n", "\r\n\r", "\u{0}\r\n", "\u{0B}", "\u{85}"] {
            add("line end", "GET /a HTTP/1.1\(end)Host: app\(end)\(end)\(hidden)")
            add("end of head", "GET /a HTTP/1.1\r\nHost: app\r\n\(end)\(hidden)")
            add("fold", "GET /a HTTP/1.1\r\nHost: app\r\nX: a\(end) b\r\n\r\n")
        }
        for name in [
            "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            "Expect: 100-continue", "Expect: x", "Upgrade: websocket\r\nConnection: upgrade",
        ] {
            add("hop", "POST /a HTTP/1.1\r\nHost: app\r\n\(name)\r\nContent-Length: 3\r\n\r\nabc")
        }
        return shapes
    }()
}
