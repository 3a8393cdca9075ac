// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("http://host", "http://host:80/"), ("https://host/a?b=c", "https://host:443/a?b=c"),
        ("http://127.0.0.1:9090?x", "http://127.0.0.1:9090/?x"), ("http://[::1]:1/", "http://[::1]:1/"),
    ]) func `addresses are read`(_ text: String, _ whole: String) {
        #expect(HTTPURL(text)?.description == whole)
    }

    @Test(arguments: [
        "", "host", "ftp://host", "http://", "http://:80", "http://user@host/", "http://host:0",
        "http://host:65536",
        "http://host:x", "http://[::1", "http://[host]", "http://a b/", "http://host/a b", "http://host/#a",
        "http://host/a\r\nX: y",
    ]) func `what is none is refused`(_ text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test func `a query goes behind the path`() {
        let url = HTTPURL("http://h/prom/?a")?.appending(path: "/api", query: [("q", "a{b=\"ü\"} + 1")])
        #expect(url?.target == "/prom/api?q=a%7Bb%3D%22%C3%BC%22%7D%20%2B%201")
    }
}

@Suite struct PlaceholdersTests {
    @Test func `words in double braces are filled in`() {
        let values = ["version": "v2", "args.limit": "0.05"]
        #expect(Placeholders.fill("a {{version}} b {{ args.limit }}{{version}}", values) == "a v2 b 0.05v2")
        #expect(Placeholders.names(in: "{{a}}{{ b.c }}") == ["a", "b.c"])
    }

    @Test func `what is no word stays`() {
        for text in ["{{.State}}", "{{", "}}{{", "{{ }}", "{{A}}", "{{unknown}}", "{{{{version"] {
            #expect(Placeholders.fill(text, ["version": "v2"]) == text)
        }
        #expect(Placeholders.fill("{{.a {{version}}", ["version": "v2"]) == "{{.a v2")
    }
}
