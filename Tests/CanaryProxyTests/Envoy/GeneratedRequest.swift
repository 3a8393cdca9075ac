// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport

/// A request that conditions may be about.
struct GeneratedRequest: CustomStringConvertible {
    var place: GeneratedCluster.Place
    var method: String
    /// Path and query, as the client writes them.
    var target: String
    var fields: [(String, String)] = []
    /// Whether the target names the host too; the `host` header, which does not count then, is another one.
    var isAbsolute = false

    private static let paths = [
        "/", "/a", "/a/b", "/a/c", "/A/b", "/ab", "/b", "/b/c", "/B", "/Bc", "/z", "//a", "/a//b", "/a/",
        "/./a",
        "/a/../b", "/a/./b", "/%61/b", "/a%2Fb", "/a%2fb", "/a\\b", "/a/%2e%2e/b", "/a%20b", "/a;b=1", "/a.b",
        "/b/..", "/%7Ea", "/a%zz",
    ]
    private static let queries = [
        "", "", "", "?", "?q=1", "?q", "?q=", "?q=1&q=2", "?a=12", "?a=1&q=one", "?Q=1", "?q=%31", "?x=1?q=1",
    ]
    private static let values = ["", "1", "12", "one", "two", "x=1", "y=2; x=1", "/a"]

    init(
        place: GeneratedCluster.Place,
        method: String = "GET",
        target: String = "/",
        fields: [(String, String)] = []
    ) {
        self.place = place
        self.method = method
        self.target = target
        self.fields = fields
    }

    init(_ places: [GeneratedCluster.Place], _ generator: inout SeededGenerator) {
        place = generator.pick(places)
        method = generator.pick(["GET", "GET", "GET", "POST", "PUT", "DELETE", "OPTIONS"])
        target = generator.pick(Self.paths) + generator.pick(Self.queries)
        for name in ["x-h", "X-W", "x-h", "cookie", "x-two", "user-agent"] where generator.chance(30) {
            fields.append((name, generator.pick(Self.values)))
        }
        if generator.chance(30) {
            fields.append(
                ("origin", generator.pick(["https://a.test", "https://b.test", "https://a.test:1", "null"]))
            )
            if method == "OPTIONS" || generator.chance(20) {
                fields.append(("access-control-request-method", generator.pick(["PUT", "PATCH"])))
                if generator.chance(50) { fields.append(("access-control-request-headers", "x-one,x-3")) }
            }
        }
        if generator.chance(20) { fields.append(("x-fail", generator.pick(["409", "418", "500", "503"]))) }
        isAbsolute = generator.chance(5)
        if generator.chance(10) {
            fields.append(
                (
                    "content-type",
                    generator.pick(["application/grpc", "application/grpc+proto", "application/grpc-web"])
                )
            )
        }
    }

    /// Whether the proxy's own answers are told in gRPC.
    var isGRPC: Bool {
        fields.contains {
            $0 == ("content-type", "application/grpc") || $0 == ("content-type", "application/grpc+proto")
        }
    }

    /// As it is sent.
    var text: String {
        let host = [("host", isAbsolute ? "other.test" : place.authority)]
        let length = ["POST", "PUT"].contains(method) ? [("content-length", "0")] : []
        let lines = (host + fields + length).map { name, value in "\(name): \(value)\r\n" }.joined()
        return "\(method) \(isAbsolute ? "http://\(place.authority)" : "")\(target) HTTP/1.1\r\n\(lines)\r\n"
    }

    var description: String { "\(place.listener): \(text.replacing("\r\n", with: " | "))" }
}
