// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// Templates and what kubectl 1.32 makes of them (`kubectl annotate --local -o jsonpath=…`), where it takes them.
@Suite struct JSONPathTests {
    private static let root: Node = [
        "kind": "Thing",
        "metadata": ["name": "a", "labels": ["app": "web", "a.b/c": "dotted"]],
        "spec": [
            "list": [0, 1, 2, 3, 4, 5],
            "items": [
                ["name": "one", "kind": "Pod", "port": 80, "ok": true, "tags": ["a", "b"]],
                ["name": "two", "kind": "Service", "port": 8080, "ok": false, "tags": ["c"]],
                ["name": "three", "kind": "Service", "port": 443, "extra": ["name": "deep"]],
            ],
            "text": "it's", "nothing": nil, "empty": [],
        ],
    ]

    private static func text(_ template: String) throws -> String {
        try JSONPath(template).evaluate(root)
    }

    static let lists = [
        ("{.spec.list}", "[0,1,2,3,4,5]"), ("{.spec.list[*]}", "0 1 2 3 4 5"), ("{.spec.list[0]}", "0"),
        ("{.spec.list[-1]}", "5"), ("{.spec.list[-2]}", "4"), ("{.spec.list[-6]}", "0"),
        ("{.spec.list[1:3]}", "1 2"), ("{.spec.list[:2]}", "0 1"), ("{.spec.list[4:]}", "4 5"),
        ("{.spec.list[-2:]}", "4 5"), ("{.spec.list[:-4]}", "0 1"), ("{.spec.list[0:-1]}", "0 1 2 3 4"),
        ("{.spec.list[:]}", "0 1 2 3 4 5"), ("{.spec.list[6:]}", ""), ("{.spec.list[1:1]}", ""),
        ("{.spec.list[::2]}", "0 2 4"), ("{.spec.list[1:5:3]}", "1 4"),
        ("{.spec.list[0,2,4]}", "0 2 4"), ("{.spec.list[0,-1]}", "0 5"), ("{.spec.list[1:3,5]}", "1 2 5"),
        ("{.spec.items[:2].tags[-1]}", "b c"), ("{.spec.items[0,1].name}", "one two"),
    ]

    static let keys = [
        ("{.metadata.name}", "a"), ("{ .metadata.name }", "a"), ("{$.metadata.name}", "a"),
        ("{@.metadata.name}", "a"), ("{['metadata']['name']}", "a"), ("{.spec.items[0]['name']}", "one"),
        ("{.metadata.labels.a\\.b/c}", "dotted"), ("{.metadata.labels['a\\.b/c']}", "dotted"),
        ("{.metadata['labels.app']}", "web"), ("{.metadata['labels.a\\.b/c']}", "dotted"),
        ("{.spec.items[*].name}", "one two three"), ("{.spec.items.*.name}", "one two three"),
        ("{.spec.items[0].tags}", "[\"a\",\"b\"]"), ("{.spec.items[*].tags[*]}", "a b c"),
        ("{.spec.items[*].extra.name}", "deep"), ("{.spec..name}", "one two three deep"),
        ("{..tags[0]}", "a c"), ("{..['name','port']}", "a one two three deep 80 8080 443"),
        ("{.spec.items[*]['name','port']}", "one two three 80 8080 443"),
        ("{.spec.items[*]['name', 'extra.name']}", "one two three deep"),
        ("{.spec.text}", "it's"), ("{.spec.nothing}", "null"), ("{.spec.empty}", "[]"),
        ("{.spec.items[0].ok}", "true"), ("{.missing.deep}", ""), ("{.spec.list.name}", ""),
        ("{.spec.list[0].x}", ""), ("{.spec.items[*].missing}", ""),
    ]

    static let filters = [
        ("@.kind==\"Service\"", "two three"), ("@.kind=='Service'", "two three"),
        ("@.kind!=\"Service\"", "one"),
        ("@.port>80", "two three"), ("@.port>=443", "two three"), ("@.port<443", "one"),
        ("@.port < 444", "one three"), ("@.port<=80", "one"), ("@.extra", "three"), ("@.ok", "one two"),
        ("@.ok==true", "one"), ("@.ok==false", "two"), ("@.name<\"two\"", "one three"),
        ("@.name>\"one\"", "two three"), (" @.port == 80 ", "one"), ("@.tags[0]==\"c\"", "two"),
        ("@.extra.name==\"deep\"", "three"), ("@.missing==1", ""), ("@.missing!=1", ""),
        ("\"two\"==@.name", "two"), ("@.name==$.metadata.name", ""),
    ]

    static let templates = [
        ("{range .spec.items[*]}{.name}={.port}{\"\\n\"}{end}", "one=80\ntwo=8080\nthree=443\n"),
        ("{range .spec.items[*]}[{.name}]{end}", "[one][two][three]"),
        ("{range .spec.items[*]}{range .tags[*]}{@},{end};{end}", "a,b,;c,;;"),
        (
            "{range .spec.items[?(@.kind==\"Service\")]}{.name}{\"\\t\"}{.port}{\"\\n\"}{end}",
            "two\t8080\nthree\t443\n"
        ),
        ("{range .spec.list[1:3]}{@} {end}x", "1 2 x"), ("a {.metadata.name} b", "a a b"),
        ("{\"literal\"}{'single'}", "literalsingle"), ("{\"a\\\"b\"}", "a\"b"), ("{.metadata.name}}", "a}"),
        ("{.metadata.name}{\" \"}{.kind}", "a Thing"), ("", ""), ("no braces", "no braces"),
        // Without braces, as kubectl's custom columns have it.
        (".metadata.name", "a"), ("$.kind", "Thing"),
    ]

    @Test(arguments: lists + keys + templates)
    func `a template gives what kubectl gives`(template: String, wanted: String) throws {
        #expect(try Self.text(template) == wanted)
    }

    @Test(arguments: filters)
    func `a filter selects what kubectl's does`(filter: String, wanted: String) throws {
        #expect(try Self.text("{.spec.items[?(\(filter))].name}") == wanted)
    }

    /// kubectl calls these errors; here a missing place gives nothing, as a missing key does.
    @Test(arguments: ["[9]", "[-7]", "[-9]", "[7:]", "[5:2]", "[-99:-98]", "[2147483647]", "[-2147483648]"])
    func `what is beyond a list is nothing`(place: String) throws {
        #expect(try Self.text("{.spec.list\(place)}") == "")
    }

    @Test func `slices that reach beyond a list end with it`() throws {
        #expect(try Self.text("{.spec.list[4:99]}") == "4 5")
        #expect(try Self.text("{.spec.list[-99:2]}") == "0 1")
        #expect(try Self.text("{.spec.list[::2147483647]}") == "0")
    }

    /// A list is indexed as Python's is, whatever the numbers.
    @Test func `random slices are Python's`() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<500 {
            let bounds = (0..<2).map { _ in random.chance(20) ? nil : Int.random(in: -9...9, using: &random) }
            let step = Int.random(in: 1...4, using: &random)
            func bound(_ value: Int?, _ missing: Int) -> Int {
                min(max(value.map { $0 < 0 ? $0 + 6 : $0 } ?? missing, 0), 6)
            }
            let (first, last) = (bound(bounds[0], 0), bound(bounds[1], 6))
            let wanted = stride(from: first, to: max(first, last), by: step).map(String.init)
            let written = bounds.map { $0.map(String.init) ?? "" }.joined(separator: ":")
            let text = try Self.text("{.spec.list[\(written):\(step)]}")
            #expect(text == wanted.joined(separator: " "), "\(written):\(step)")
        }
    }

    static let mistakes = [
        ("{.spec.list[}", "a key, an index, a slice, * or a filter belongs between brackets at character 13"),
        (
            "{.spec.list[a]}",
            "a key, an index, a slice, * or a filter belongs between brackets at character 13"
        ),
        ("{.spec.list[1}", "\"]\" is missing at character 14"),
        ("{.spec.list[0:2:0]}", "the step of a slice must be above 0 at character 18"),
        ("{.spec.list[::-1]}", "the step of a slice must be above 0 at character 17"),
        ("{.spec.list[99999999999]}", "\"99999999999\" is no index at character 24"),
        ("{.spec", "\"{\" without \"}\" at character 7"), ("{", "\"{\" without \"}\" at character 2"),
        ("{end}", "{end} without {range} at character 6"),
        ("{range .spec.list[*]}{@}", "{range} without {end} at character 25"),
        ("{.spec.items[?(@.kind=\"Service\")].name}", "\")\" is missing at character 22"),
        ("{.spec.items[?(@.kind=~\"Ser\")].name}", "\")\" is missing at character 22"),
        ("{.spec.items[?(@.port==80||@.port==443)]}", "\")\" is missing at character 26"),
        (
            "{.spec.items[?(@.port==)]}",
            "a filter compares paths, texts, numbers, true or false at character 24"
        ),
        ("{.spec.items[?(", "a filter ends early at character 16"),
        ("{\"open}", "a text lacks its closing quote at character 8"),
        ("{.metadata.name)}", "unexpected character at character 16"),
    ]

    @Test(arguments: mistakes)
    func `a mistake is told with its place`(template: String, wanted: String) {
        let error = #expect(throws: CommandError.self) { try JSONPath(template) }
        #expect(error?.message == "cannot read the JSONPath template: \(wanted) of \"\(template)\"")
    }

    @Test func `whatever somebody types is a template or a mistake`() {
        var random = SeededGenerator(seed: 5)
        let pieces = [
            "{", "}", "[", "]", "(", ")", "?", "@", "$", ".", "..", "*", ",", ":", "'", "\"", "\\", "-", "1",
            "a", " ", "=", "==", "<", "range ", "end", "é", "\u{301}", "99999999999",
        ]
        var read = 0
        for _ in 0..<5000 {
            let count = Int.random(in: 0...12, using: &random)
            let template = "{.spec" + (0..<count).map { _ in random.pick(pieces) }.joined()
            guard let path = try? JSONPath(template) else { continue }
            _ = path.evaluate(Self.root)
            read += 1
        }
        #expect(read > 50)
    }
}
