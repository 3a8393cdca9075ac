// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRouting

struct ActionTests {
    private func router(_ route: Node) -> Router {
        Router(Helloworld.backends + [Helloworld.routes([route])])
    }

    static let rewrites: [(match: Node, rewrite: Node, target: String, wanted: String)] = [
        ([["uri": ["prefix": "/foo"]]], ["uri": "/"], "/foo/bar?q=1", "//bar?q=1"),
        ([["uri": ["prefix": "/foo/"]]], ["uri": "/"], "/foo/bar", "/bar"),
        ([["uri": ["exact": "/foo"]]], ["uri": "/x"], "/foo?", "/x?"),
        ([["uri": ["regex": "/f.*"]]], ["uri": "/x"], "/foo/bar?q", "/x?q"),
        ([], ["uri": "/bar"], "/foo", "/barfoo"),
        ([["uri": ["prefix": "/FOO"], "ignoreUriCase": true]], ["uri": "/x"], "/foo/y", "/x/y"),
        ([["uri": ["exact": "/a"]], ["uri": ["prefix": "/b"]]], ["uri": "/c"], "/b/d", "/c/d"),
        (
            [], ["uriRegexRewrite": ["match": "/v(\\d+)/(.*)", "rewrite": "/\\2?v=\\1"]], "/v12/x?q",
            "/x?v=12?q"
        ),
        ([], ["uriRegexRewrite": ["match": "a", "rewrite": "[\\0]"]], "/aba", "/[a]b[a]"),
        ([], ["uriRegexRewrite": ["match": "b*", "rewrite": "-"]], "/abbc", "-/-a-c-"),
        ([], ["uriRegexRewrite": ["match": "(x)?/", "rewrite": "<\\1\\9\\\\>"]], "/a", "<\\>a"),
        ([], ["uriRegexRewrite": ["match": "nope", "rewrite": "x"]], "/a", "/a"),
        ([], ["authority": "other"], "/a?b", "/a?b"),
    ]

    @Test(arguments: rewrites)
    func `paths are rewritten as Envoy does`(match: Node, rewrite: Node, target: String, wanted: String) {
        let router = router(["match": match, "rewrite": rewrite, "route": Helloworld.split(["v1": 1])])
        #expect(router.ask("helloworld", target).path == wanted)
    }

    @Test func `the authority comes from the rewrite, the route's headers, the destination's, the client`() {
        func authority(rewrite: String?, route: String?, destination: String?) -> String {
            var body: Node = ["route": Helloworld.split(["v1": 1])]
            if let rewrite { body.set(.string(rewrite), at: "rewrite", "authority") }
            if let route { body.set(.string(route), at: "headers", "request", "set", "Host") }
            if let destination {
                var target = Helloworld.split(["v1": 1]).items[0]
                target.set(.string(destination), at: "headers", "request", "add", ":authority")
                body.set(.sequence([target]), at: "route")
            }
            let answer = router(body).ask("helloworld:5000")
            #expect(answer.requestEdits.isEmpty)
            return answer.authority
        }
        #expect(authority(rewrite: "a", route: "b", destination: "c") == "a")
        #expect(authority(rewrite: nil, route: "b", destination: "c") == "b")
        #expect(authority(rewrite: nil, route: nil, destination: "c") == "c")
        #expect(authority(rewrite: nil, route: nil, destination: nil) == "helloworld:5000")
    }

    static let redirects: [(redirect: Node, authority: String, wanted: String)] = [
        (["uri": "/x"], "helloworld", "301 http://helloworld/x?q=1"),
        (["uri": "/x?y"], "helloworld", "301 http://helloworld/x?y"),
        (["prefixRewrite": "/n"], "helloworld", "301 http://helloworld/n/b?q=1"),
        (["authority": "other", "redirectCode": 308], "helloworld:5000", "308 http://other/a/b?q=1"),
        (["scheme": "https"], "helloworld:80", "301 https://helloworld/a/b?q=1"),
        (["scheme": "https"], "helloworld:5000", "301 https://helloworld:5000/a/b?q=1"),
        (["scheme": "http"], "helloworld:80", "301 http://helloworld:80/a/b?q=1"),
        (["port": 8443, "scheme": "https"], "helloworld:5000", "301 https://helloworld:8443/a/b?q=1"),
        (["derivePort": "FROM_REQUEST_PORT"], "helloworld", "301 http://helloworld:5000/a/b?q=1"),
        (["derivePort": "FROM_PROTOCOL_DEFAULT", "authority": "o"], "helloworld", "301 http://o/a/b?q=1"),
        (["port": 80, "authority": "o"], "helloworld", "301 http://o/a/b?q=1"),
        (["port": 443, "authority": "o"], "helloworld", "301 http://o:443/a/b?q=1"),
        (["port": 443, "scheme": "https"], "helloworld", "301 https://helloworld/a/b?q=1"),
    ]

    @Test(arguments: redirects)
    func `redirects are composed as Envoy does`(redirect: Node, authority: String, wanted: String) {
        let router = router(["match": [["uri": ["prefix": "/a"]]], "redirect": redirect])
        #expect(router.ask(authority, "/a/b?q=1").location == wanted)
    }

    @Test func `direct responses carry text or bytes`() {
        #expect(
            router(["directResponse": ["status": 418, "body": ["string": "tea"]]]).ask("helloworld").location
                == "418 tea"
        )
        #expect(
            router(["directResponse": ["status": 200, "body": ["bytes": "aGk="]]]).ask("helloworld").location
                == "200 hi"
        )
        #expect(router(["directResponse": ["status": 204]]).ask("helloworld").location == "204 ")
    }

    static let changes: Node = [
        "request": ["set": ["B": "2", "A": "1"], "add": ["c": "3"], "remove": ["D", "host"]],
        "response": ["set": ["x": "%PROTOCOL%"]],
    ]

    @Test func `headers change level by level: remove, set, add`() {
        let target: Node = [
            "destination": ["host": "helloworld"],
            "headers": ["request": ["set": ["A": "9"]], "response": ["add": ["y": "1"]]],
        ]
        let level = ["remove d", "set a: 1", "set b: 2", "append c: 3"]
        // A route and its only destination are one level.
        let alone = router(["headers": Self.changes, "route": [target]]).ask("helloworld")
        #expect(alone.requestEdits == ["remove d", "set a: 1", "set b: 2", "set a: 9", "append c: 3"])
        #expect(alone.responseEdits == ["set x: HTTP/1.1", "append y: 1"])
        var first = target
        first.set(1, at: "weight")
        let several = router(["headers": Self.changes, "route": .sequence([first, target])]).ask("helloworld")
        #expect(several.requestEdits == ["set a: 9"] + level)
        #expect(several.responseEdits == ["append y: 1", "set x: HTTP/1.1"])
        let redirect = router(["headers": Self.changes, "redirect": ["uri": "/"]]).ask("helloworld")
        #expect(redirect.responseEdits == ["set x: HTTP/1.1"])
    }

    @Test(arguments: [
        ("plain", "plain"), ("100%%", "100%"), ("%REQ(x-a)%", "one"), ("a%REQ(X-None)%b", "ab"),
        ("%REQ(none?x-a):2%", "on"), ("%REQ(:path)%", "/p?q"),
        ("%REQ(:authority)% %REQ(:method)%", "helloworld GET"),
        ("%DOWNSTREAM_REMOTE_ADDRESS%", "10.1.2.3:4711"),
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "10.1.2.3"),
        ("%NO_SUCH%", "-"), ("50% off", "50% off"), ("%REQ(x", "%REQ(x"), ("%ROUTE_NAME%", "named"),
    ])
    func `values are format strings`(value: String, wanted: String) {
        let body: Node = [
            "name": "named", "headers": ["request": ["set": ["h": .string(value)]]],
            "route": Helloworld.split(["v1": 1]),
        ]
        let answer = router(body).ask("helloworld", "/p?q", headers: ["X-A": "one"])
        #expect(answer.requestEdits == ["set h: \(wanted)"])
    }

    @Test func `an empty value skips the operation`() {
        let body: Node = [
            "headers": ["request": ["set": ["h": "%REQ(none)%"]]], "route": Helloworld.split(["v1": 1]),
        ]
        #expect(router(body).ask("helloworld").requestEdits == ["set h"])
    }

    /// The levels of two destinations and their route: what a value of the route sees of the header `x`.
    static let earlierChanges: [(destination: Node, headers: KeyValuePairs<String, String>, wanted: String)] =
        [
            (["set": ["x": "new"]], ["x": "old"], "new"),
            (["set": ["x": "%REQ(none)%"]], ["x": "old"], "old"),
            (["add": ["x": "new"]], ["x": "old"], "old"),
            (["add": ["x": "new"]], ["x": ""], ""),
            (["add": ["x": "new"]], [:], "new"),
            (["remove": ["x"]], ["x": "old", "y": "other"], "other"),
            (["remove": ["x", "y"]], ["x": "old", "y": "other"], ""),
            (["set": ["x": "%REQ(y)%"], "remove": ["y"]], ["x": "old", "y": "other"], "old"),
            (["set": ["x": "%REQ(y)%", "y": "later"]], ["y": "first"], "first"),
            (["set": ["host": "inner"], "add": ["x": "%REQ(host)%"]], [:], "helloworld"),
        ]

    @Test(arguments: earlierChanges)
    func `values see what earlier levels made of the request`(
        destination: Node,
        headers: KeyValuePairs<String, String>,
        wanted: String
    ) {
        let target: Node = [
            "destination": ["host": "helloworld"], "weight": 1, "headers": ["request": destination],
        ]
        let value: Node = ["seen": "%REQ(x?y)%"]
        let body: Node = [
            "headers": ["request": ["set": value], "response": ["set": value]], "route": [target, target],
        ]
        let answer = router(body).ask("helloworld", headers: headers)
        let edit = wanted.isEmpty ? "set seen" : "set seen: \(wanted)"
        #expect(answer.requestEdits.last == edit)
        #expect(answer.responseEdits == [edit])
    }

    @Test(.timeLimit(.minutes(15)))
    func `values of values of values end soon`() {
        func many(_ name: String, _ other: String) -> Node {
            ["set": [name: .string(String(repeating: "%REQ(\(other)):9%", count: 1000) + "end")]]
        }
        let target: Node = [
            "destination": ["host": "helloworld"], "weight": 1, "headers": ["request": many("a", "none")],
        ]
        let body: Node = [
            "headers": ["request": many("b", "a"), "response": many("c", "b")], "route": [target, target],
        ]
        let answer = router(body).ask("helloworld")
        let cut = String(repeating: "end", count: 9) + "end"
        #expect(answer.requestEdits == ["set a: end", "set b: \(cut)"])
        #expect(answer.responseEdits == ["set c: endendendend"])
    }

    @Test func `answers see path and authority as they were sent`() {
        let body: Node = [
            "match": [["uri": ["prefix": "/a"]]], "rewrite": ["uri": "/b", "authority": "new"],
            "headers": [
                "request": ["set": ["x": "%REQ(:path)% %REQ(:authority)%"]],
                "response": ["set": ["x": "%REQ(x)%", "y": "%REQ(:path)% %REQ(:authority)%"]],
            ],
            "route": [["destination": ["host": "helloworld"]]],
        ]
        let answer = router(body).ask("helloworld", "/a/c?q")
        #expect(answer.requestEdits == ["set x: /a/c?q helloworld"])
        #expect(answer.responseEdits == ["set x: /a/c?q helloworld", "set y: /b/c?q new"])
    }

    @Test func `start times are written in UTC`() {
        let arena = RoutingArena()
        let format = FormatString(routeName: "", headers: KnownHeaders(), arena: arena)
        let template = format.compile("%START_TIME%")
        for (time, text) in [
            (1_766_188_799_007, "2025-12-19T23:59:59.007Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        ] {
            var facts = RequestFacts()
            facts.startTime = Int64(time)
            var buffer = ByteBuffer()
            template.append(facts, to: &buffer)
            #expect(buffer.slice.text == text)
        }
    }

    @Test func `retries and timeouts are Istio's`() {
        func handle<Result>(_ body: Node, _ read: (RouteHandle) -> Result) -> Result? {
            let table = router(body).builder.table()
            let arena = RoutingArena()
            return withExtendedLifetime((table, arena)) {
                table.virtualHost(listener: 0, authority: arena.store("helloworld"))?
                    .route(for: Router.facts("/", "GET", [:], "", arena)).map(read)
            }
        }
        let route = Helloworld.split(["v1": 1])
        #expect(handle(["route": route]) { $0.retry.attempts } == 2)
        #expect(handle(["route": route]) { $0.retry.conditions } == .standard)
        #expect(handle(["route": route]) { $0.timeoutMilliseconds } == 0)
        #expect(handle(["route": route, "timeout": "1.5s"]) { $0.timeoutMilliseconds } == 1500)
        #expect(handle(["route": route, "retries": ["attempts": 0]]) { $0.retry.attempts } == 0)
        let retries: Node = [
            "attempts": 3, "perTryTimeout": "2s", "retryOn": "5xx,reset,503", "backoff": "40ms",
        ]
        let body: Node = ["route": route, "retries": retries]
        #expect(handle(body) { Array($0.retry.statuses) } == [503])
        #expect(handle(body) { $0.retry.conditions } == [.serverError, .reset, .retriableStatusCodes])
        #expect(
            handle(body) {
                [$0.retry.attempts, $0.retry.perTryTimeoutMilliseconds, $0.retry.backoffMilliseconds]
            } == [3, 2000, 40]
        )
    }
}
