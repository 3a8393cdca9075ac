// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import Testing

/// Envoy's and Istio's corner cases of matching, a request and a match block a row.
package enum MatchCases {
    package struct Row: CustomTestStringConvertible {
        package var match: Node
        package var target: String
        package var method: String
        package var authority: String
        package var headers: KeyValuePairs<String, String>
        package var matches: Bool

        package init(
            match: Node,
            target: String = "/",
            method: String = "GET",
            authority: String = "helloworld",
            headers: KeyValuePairs<String, String> = [:],
            matches: Bool
        ) {
            self.match = match
            self.target = target
            self.method = method
            self.authority = authority
            self.headers = headers
            self.matches = matches
        }

        package var testDescription: String { "\(JSONWriter.write(match)): \(target) \(headers)" }
    }

    package static let paths: [Row] = [
        Row(match: ["uri": ["exact": "/a"]], target: "/a?x=1", matches: true),
        Row(match: ["uri": ["exact": "/a"]], target: "/a/", matches: false),
        Row(match: ["uri": ["exact": "/a"]], target: "/A", matches: false),
        Row(match: ["uri": ["exact": "/a"], "ignoreUriCase": true], target: "/A", matches: true),
        Row(match: ["uri": ["prefix": "/foo"]], target: "/foobar", matches: true),
        Row(match: ["uri": ["prefix": "/foo/"]], target: "/foo", matches: false),
        Row(match: ["uri": ["prefix": "/Foo"], "ignoreUriCase": true], target: "/fOObar", matches: true),
        Row(match: ["uri": ["prefix": "/"]], target: "/anything", matches: true),
        Row(match: ["uri": ["regex": "/a.c"]], target: "/abc?q", matches: true),
        Row(match: ["uri": ["regex": "/a.c"]], target: "/abcd", matches: false),
        Row(match: ["uri": ["regex": "/a.c"], "ignoreUriCase": true], target: "/ABC", matches: false),
        Row(match: ["uri": ["regex": "(?i)/a.c"]], target: "/ABC", matches: true),
        Row(match: ["uri": ["regex": "("]], target: "/", matches: false),
        Row(match: [:], target: "/x", matches: true),
    ]

    package static let pseudo: [Row] = [
        Row(match: ["method": ["exact": "GET"]], matches: true),
        Row(match: ["method": ["exact": "get"]], matches: false),
        Row(match: ["method": ["regex": "GET|POST"]], method: "POST", matches: true),
        Row(match: ["scheme": ["exact": "http"]], matches: true),
        Row(match: ["scheme": ["exact": "https"]], matches: false),
        Row(match: ["authority": ["exact": "helloworld"]], matches: true),
        Row(match: ["authority": ["exact": "helloworld"]], authority: "helloworld:5000", matches: false),
        Row(match: ["authority": ["prefix": "hello"]], authority: "helloworld:5000", matches: true),
        Row(match: ["authority": ["exact": "helloworld"]], authority: "HelloWorld", matches: false),
        Row(match: ["headers": [":path": ["exact": "/a?x"]]], target: "/a?x", matches: true),
        Row(match: ["headers": [":path": ["exact": "/a"]]], target: "/a?x", matches: false),
        Row(match: ["headers": [":path": ["regex": "/a.*"]]], target: "/a", matches: true),
        Row(match: ["withoutHeaders": [":path": ["prefix": "/a?"]]], target: "/a?x", matches: false),
        Row(match: ["port": 5000], matches: true),
        Row(match: ["port": 80], matches: false),
        Row(match: ["port": 0], matches: true),
        Row(match: ["sourceNamespace": "default"], matches: true),
        Row(match: ["sourceNamespace": "shop"], matches: false),
        Row(match: ["sourceLabels": ["app": "web"]], matches: true),
        Row(match: ["sourceLabels": ["app": "api"]], matches: false),
        Row(match: ["gateways": ["mesh"], "sourceLabels": ["app": "api"]], matches: true),
        Row(match: ["gateways": ["edge"]], matches: false),
    ]

    package static let headers: [Row] = [
        Row(match: ["headers": ["X-A": ["exact": "1"]]], headers: ["x-a": "1"], matches: true),
        Row(match: ["headers": ["x-a": ["exact": "V"]]], headers: ["X-A": "v"], matches: false),
        Row(match: ["headers": ["x-a": ["exact": "1"]]], matches: false),
        Row(match: ["headers": ["x-a": ["exact": ""]]], matches: false),
        Row(match: ["headers": ["x-a": ["exact": ""]]], headers: ["x-a": ""], matches: true),
        Row(match: ["headers": ["x-a": [:]]], headers: ["x-a": ""], matches: true),
        Row(match: ["headers": ["x-a": ["regex": "*"]]], headers: ["x-a": "q"], matches: true),
        Row(match: ["headers": ["x-a": [:]]], matches: false),
        Row(match: ["headers": ["x-a": ["prefix": "ab"]]], headers: ["x-a": "abc"], matches: true),
        Row(match: ["headers": ["x-a": ["regex": "a"]]], headers: ["x-a": "ab"], matches: false),
        Row(
            match: ["headers": ["x-a": ["exact": "1,2"]]],
            headers: ["x-a": "1", "b": "", "X-A": "2"],
            matches: true
        ),
        Row(match: ["headers": ["x-a": ["exact": "1"]]], headers: ["x-a": "1", "X-A": "2"], matches: false),
        Row(
            match: ["headers": ["cookie": ["regex": "^(.*?;)?(user=jason)(;.*)?$"]]],
            headers: ["Cookie": "a=b;user=jason;c=d"],
            matches: true
        ),
        Row(
            match: ["headers": ["cookie": ["regex": "^(.*?; )?(user=jason)(;.*)?$"]]],
            headers: ["cookie": "a=b", "Cookie": "user=jason"],
            matches: true
        ),
        Row(match: ["headers": ["uri": ["exact": "/nope"], "METHOD": ["exact": "x"]]], matches: false),
        Row(match: ["headers": ["@request.auth.claims.sub": ["exact": "x"]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], headers: ["x-a": "1"], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["exact": "1"]]], headers: ["x-a": "2"], matches: true),
        Row(match: ["withoutHeaders": ["x-a": ["exact": ""]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": ".*"]]], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": ".+"]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": [:]]], matches: true),
        Row(match: ["withoutHeaders": ["x-a": [:]]], headers: ["x-a": ""], matches: false),
        Row(match: ["withoutHeaders": ["x-a": ["regex": "*"]]], headers: ["x-a": "1"], matches: false),
    ]

    package static let queries: [Row] = [
        Row(match: ["queryParams": ["a": ["exact": "1"]]], target: "/?b=2&a=1", matches: true),
        Row(match: ["queryParams": ["a": ["exact": "1"]]], target: "/?a=2&a=1", matches: false),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?a", matches: true),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?a=", matches: true),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/?b", matches: false),
        Row(match: ["queryParams": ["a": ["exact": ""]]], target: "/", matches: false),
        Row(match: ["queryParams": ["a": [:]]], target: "/?x&a=7", matches: true),
        Row(match: ["queryParams": ["a": ["prefix": "7"]]], target: "/?a=78", matches: true),
        Row(match: ["queryParams": ["a": ["regex": "\\d+"]]], target: "/?a=78", matches: true),
        Row(match: ["queryParams": ["a": ["regex": "\\d"]]], target: "/?a=78", matches: false),
        Row(match: ["queryParams": ["A": [:]]], target: "/?a=78", matches: false),
        Row(match: ["queryParams": ["a": [:], "b": [:]]], target: "/?a", matches: false),
    ]
}
