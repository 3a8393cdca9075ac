// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport

/// Makes routes of VirtualServices: all conditions and all actions that proxies act on, in all combinations that validation takes.
struct GeneratedRoutes {
    var generator: SeededGenerator

    /// `spec.http` without delegates. The last route takes what is left half the time; else there is a 404 to be had.
    mutating func list() -> [Value] {
        var routes = (0..<4).map { index in route(index, matches: (0..<1 + index % 2).map { _ in block() }) }
        if generator.chance(50) { routes.append(route(4, matches: [])) }
        return routes
    }

    /// Routes all of whose blocks look at where a request comes from or which port it addresses.
    mutating func listForSomeClients() -> [Value] {
        let client = forSomeClients()
        return (0..<1 + Int(generator.next() % 3)).map { index in
            let conditions = generator.chance(70) ? client : forSomeClients()
            let others: [(String, Value)] =
                generator.chance(50) ? [("uri", ["prefix": .text(generator.pick(["/a", "/b", "/"]))])] : []
            return route(index, matches: [.object(others + [conditions])])
        }
    }

    private mutating func forSomeClients() -> (String, Value) {
        switch generator.next() % 5 {
        case 0: ("sourceLabels", ["app": "web"])
        case 1: ("sourceNamespace", .text(generator.pick(["default", "other"])))
        case 2: ("gateways", .list([.text(generator.pick(["mesh", "front", "elsewhere"]))]))
        default: ("port", .integer(generator.pick([80, 8080, 9])))
        }
    }

    mutating func route(_ index: Int, matches: [Value]) -> Value {
        var fields: [(String, Value)] = [("name", .text("r\(index)"))]
        if !matches.isEmpty { fields.append(("match", .list(matches))) }
        if generator.chance(60) { fields.append(("headers", headers())) }
        let allPrefixes = matches.allSatisfy { $0["uri"]?["exact"] == nil && $0["uri"]?["regex"] == nil }
        switch generator.next() % 10 {
        case 0, 1: fields.append(("redirect", redirect(takesPrefix: allPrefixes)))
        case 2, 3: fields.append(("directResponse", directResponse()))
        default: fields += forwarding()
        }
        return .object(fields)
    }

    // MARK: - Conditions

    private mutating func text(_ values: [String], prefixes: [String], patterns: [String]) -> Value {
        switch generator.next() % 4 {
        case 0, 1: ["exact": .text(generator.pick(values))]
        case 2: ["prefix": .text(generator.pick(prefixes))]
        default: ["regex": .text(generator.pick(patterns))]
        }
    }

    mutating func block() -> Value {
        var fields: [(String, Value)] = []
        if generator.chance(75) {
            let uri = text(
                ["/a", "/a/b", "/", "/B", "/a%2Fb"],
                prefixes: ["/a", "/a/", "/", "/B", "/b/c", ""],
                patterns: ["/a.*", "/[ab]/?", ".*", "/a/(b|c)", ".*b", "(?i)/B.*"]
            )
            fields.append(("uri", uri))
            if generator.chance(30) { fields.append(("ignoreUriCase", true)) }
        }
        if generator.chance(25) {
            let method = text(["GET", "POST", "get"], prefixes: ["P", "G"], patterns: ["GET|PUT", "P.*"])
            fields.append(("method", method))
        }
        if generator.chance(5) {
            fields.append(("scheme", ["exact": .text(generator.pick(["http", "https"]))]))
        }
        if generator.chance(10) {
            let authority = text(["h1.test"], prefixes: ["h", "svc", "a."], patterns: [".*test", ".*:80"])
            fields.append(("authority", authority))
        }
        if generator.chance(30) { fields.append(("headers", headerConditions())) }
        if generator.chance(20) { fields.append(("withoutHeaders", headerConditions())) }
        if generator.chance(20) {
            fields.append(("queryParams", .object([(generator.pick(["q", "Q", "a"]), value())])))
        }
        if generator.chance(8) { fields.append(("port", .integer(generator.pick([80, 8080, 9])))) }
        return .object(fields)
    }

    private mutating func headerConditions() -> Value {
        let names =
            generator.chance(30)
            ? ["x-h", "X-W"] : [generator.pick(["x-h", "x-w", "cookie", ":path", "X-H"])]
        return .object(names.map { ($0, value()) })
    }

    private mutating func value() -> Value {
        if generator.chance(20) { return [:] }
        if generator.chance(5) { return ["exact": ""] }
        return text(
            ["1", "12", "one", "x=1", "/a"],
            prefixes: ["1", "o", "x", "/a"],
            patterns: ["1.*", ".*", "(one|two)", ".*,.*", "(.*; )?x=1(;.*)?", "1?", "[^?]*"]
        )
    }

    // MARK: - Actions

    private mutating func redirect(takesPrefix: Bool) -> Value {
        var fields: [(String, Value)] = []
        if generator.chance(40) {
            fields.append(("uri", .text(generator.pick(["/new", "/new?z=1", "/"]))))
        } else if takesPrefix, generator.chance(40) {
            fields.append(("prefixRewrite", .text(generator.pick(["/n", "/n/", "/"]))))
        }
        if generator.chance(50) || fields.isEmpty {
            fields.append(("authority", .text(generator.pick(["o.test", "o.test:81"]))))
        }
        if generator.chance(30) { fields.append(("scheme", .text(generator.pick(["http", "https"])))) }
        switch generator.next() % 4 {
        case 0: fields.append(("port", .integer(generator.pick([80, 443, 8443]))))
        case 1:
            fields.append(
                ("derivePort", .text(generator.pick(["FROM_REQUEST_PORT", "FROM_PROTOCOL_DEFAULT"])))
            )
        default: break
        }
        if generator.chance(60) {
            fields.append(("redirectCode", .integer(generator.pick([301, 302, 303, 307, 308]))))
        }
        return .object(fields)
    }

    private mutating func directResponse() -> Value {
        let status = generator.pick([200, 204, 404, 418, 503])
        var fields: [(String, Value)] = [("status", .integer(Int64(status)))]
        if status != 204, generator.chance(50) {
            fields.append(("body", generator.chance(70) ? ["string": "made here\n"] : ["bytes": "aGk/"]))
        }
        return .object(fields)
    }

    private mutating func forwarding() -> [(String, Value)] {
        var fields: [(String, Value)] = []
        let count = generator.pick([1, 1, 2, 3])
        let destinations = (0..<count).map { _ -> Value in
            var fields: [(String, Value)] = [("destination", destination())]
            if count > 1 { fields.append(("weight", .integer(generator.pick([1, 2, 3])))) }
            if generator.chance(40) { fields.append(("headers", headers())) }
            return .object(fields)
        }
        let none: Value = ["destination": ["host": "empty"], "weight": 0]
        fields.append(("route", .list(destinations + (count > 1 && generator.chance(30) ? [none] : []))))
        if generator.chance(40) { fields.append(("rewrite", rewrite())) }
        if generator.chance(20) { fields.append(("timeout", "30s")) }
        if generator.chance(40) { fields.append(("retries", retries())) }
        if generator.chance(15) { fields.append(("fault", fault())) }
        if generator.chance(20) { fields.append(("corsPolicy", crossOrigin())) }
        if generator.chance(15) { fields.append(("mirrors", .list([mirror()]))) }
        return fields
    }

    // MARK: - What a route does besides

    private mutating func retries() -> Value {
        let attempts = generator.pick([0, 1, 2, 3])
        guard attempts > 0 else { return ["attempts": 0] }
        var fields: [(String, Value)] = [("attempts", .integer(Int64(attempts))), ("backoff", "1ms")]
        if generator.chance(80) {
            fields.append(
                (
                    "retryOn",
                    .text(
                        generator.pick([
                            "5xx,connect-failure,418", "gateway-error", "retriable-4xx,503", "reset",
                        ])
                    )
                )
            )
        }
        if generator.chance(30) { fields.append(("perTryTimeout", "30s")) }
        if generator.chance(30) {
            fields.append(("retryIgnorePreviousHosts", .flag(generator.chance(50))))
        }
        return .object(fields)
    }

    /// All requests have it, or none.
    private mutating func fault() -> Value {
        func share(_ all: Bool) -> Value { ["value": all ? 100 : 0] }
        var fields: [(String, Value)] = []
        if generator.chance(50) {
            let all = generator.chance(50)
            let delay: Value = ["fixedDelay": all ? "1ms" : "3600s", "percentage": share(all)]
            fields.append(("delay", delay))
        }
        if generator.chance(60) || fields.isEmpty {
            var abort: [(String, Value)] = [("percentage", share(generator.chance(50)))]
            abort.append(
                generator.chance(70)
                    ? ("httpStatus", .integer(generator.pick([400, 418, 503])))
                    : ("grpcStatus", "UNAVAILABLE")
            )
            fields.append(("abort", .object(abort)))
        }
        return .object(fields)
    }

    private mutating func crossOrigin() -> Value {
        var fields: [(String, Value)] = [
            (
                "allowOrigins",
                .list([
                    text(
                        ["https://a.test", "https://b.test", "*"],
                        prefixes: ["https://a"],
                        patterns: ["https://[ab][.]test", ".*"]
                    )
                ])
            )
        ]
        if generator.chance(60) { fields.append(("allowMethods", generator.pick([["GET", "PUT"], ["*"]]))) }
        if generator.chance(60) {
            fields.append(("allowHeaders", generator.pick([["x-one", "x-two"], ["*"]])))
        }
        if generator.chance(60) { fields.append(("exposeHeaders", ["x-up"])) }
        if generator.chance(60) { fields.append(("maxAge", "2m")) }
        if generator.chance(60) { fields.append(("allowCredentials", .flag(generator.chance(50)))) }
        if generator.chance(50) {
            fields.append(("unmatchedPreflights", .text(generator.pick(["FORWARD", "IGNORE"]))))
        }
        return .object(fields)
    }

    private mutating func mirror() -> Value {
        var fields: [(String, Value)] = [("destination", ["host": "copies.external"])]
        if generator.chance(50) {
            fields.append(("percentage", ["value": generator.chance(70) ? 100 : 0]))
        }
        return .object(fields)
    }

    private mutating func destination() -> Value {
        switch generator.next() % 12 {
        case 0...3: ["host": "alpha", "subset": "v1"]
        case 4, 5: ["host": "alpha", "subset": "v2"]
        case 6: ["host": "alpha.default.svc.cluster.local"]
        case 7: ["host": "beta", "port": ["number": .integer(generator.pick([80, 8080]))]]
        case 8: ["host": "beta"]
        case 9: ["host": "gamma.external"]
        case 10: ["host": "empty"]
        default: .object([("host", .text(generator.pick(["nowhere", "alpha"]))), ("subset", "none")])
        }
    }

    private mutating func rewrite() -> Value {
        var fields: [(String, Value)] = []
        switch generator.next() % 3 {
        case 0: fields.append(("uri", .text(generator.pick(["/", "/n", "/n/", "/long/er"]))))
        case 1:
            let (match, rewrite) = generator.pick([
                ("/a", "/z"), ("b", "\\0\\0"), ("^/([a-z]+)/(.*)$", "/\\2/\\1"), ("x*", "-"), ("/+", "/"),
                ("(b)|(c)", "<\\1\\2>"),
            ])
            fields.append(("uriRegexRewrite", ["match": .text(match), "rewrite": .text(rewrite)]))
        default: break
        }
        if generator.chance(40) || fields.isEmpty { fields.append(("authority", "new.test:82")) }
        return .object(fields)
    }

    // MARK: - Header changes

    private mutating func headers() -> Value {
        var fields: [(String, Value)] = []
        if generator.chance(70) { fields.append(("request", operations())) }
        if generator.chance(50) { fields.append(("response", operations())) }
        return .object(fields)
    }

    private static let names = ["x-h", "x-w", "x-new", "X-Two", "x-up", "user-agent"]

    private mutating func operations() -> Value {
        var fields: [(String, Value)] = []
        for kind in ["set", "add"] where generator.chance(50) {
            let count = generator.pick([1, 1, 2])
            var headers: [String: Value] = [:]
            for _ in 0..<count { headers[generator.pick(Self.names)] = .text(headerValue()) }
            fields.append((kind, .object(headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })))
        }
        if generator.chance(40) {
            fields.append(
                ("remove", .list([.text(generator.pick(Self.names)), .text(generator.pick(Self.names))]))
            )
        }
        return .object(fields)
    }

    private mutating func headerValue() -> String {
        generator.pick([
            "v", "two words", "100%%", "%REQ(x-h)%", "a%REQ(x-none)%b", "%REQ(x-none)%", "%REQ(X-Two?x-w):2%",
            "%REQ(:path)%", "%REQ(:method)% %REQ(:authority)%", "%PROTOCOL%", "%ROUTE_NAME%",
            "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        ])
    }
}

extension Value {
    subscript(key: String) -> Value? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.0 == key }?.1
    }
}
