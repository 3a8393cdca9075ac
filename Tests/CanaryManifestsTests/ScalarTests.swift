// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct ScalarTests {
    /// What kubectl 1.32 makes of the same scalars, but for decimal integers above 64 bits, which it rounds.
    @Test(arguments: [
        ("y", "true"), ("n", "false"), ("yes", "true"), ("No", "false"), ("ON", "true"), ("off", "false"),
        ("True", "true"), ("FALSE", "false"), ("yEs", #""yEs""#), ("nO", #""nO""#), ("oN", #""oN""#),
        ("~", "null"), ("null", "null"), ("Null", "null"), ("NULL", "null"), ("nULL", #""nULL""#),
        ("", "null"),
        ("0", "0"), ("-0", "0"), ("+1", "1"), ("007", "7"), ("0644", "420"), ("0o14", "12"), ("0O7", "7"),
        ("08", "8"), ("0_8", "8"), ("1_000", "1000"), ("1__0", "10"), ("_1", #""_1""#), ("0x1F", "31"),
        ("0x1_f", "31"), ("0X1f", "31"), ("0x", #""0x""#), ("0b11", "3"), ("-0b11", "-3"), ("0B1", "1"),
        ("0b2", #""0b2""#), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("0xffffffffffffffff", #""0xffffffffffffffff""#),
        ("1.0", "1"), ("0.5", "0.5"), (".5", "0.5"), ("-.5", "-0.5"), ("+.5", "0.5"), ("5.", "5"),
        ("1.e5", "100000"), ("1e3", "1000"), ("1E3", "1000"), ("0.1e1", "1"), ("1e999", #""1e999""#),
        ("1000000000000000000000.0", "1e+21"), ("1.2.3", #""1.2.3""#), ("1e", #""1e""#), ("+", #""+""#),
        (".", #"".""#), (".inf1", #"".inf1""#), ("2001-01-01", #""2001-01-01""#),
        ("190:20:30", #""190:20:30""#), ("=", #""=""#), ("<<", #""<<""#), ("v1", #""v1""#),
        ("10m", #""10m""#),
        (#""yes""#, #""yes""#), ("'1'", #""1""#), ("!!str 1", #""1""#), ("!!str yes", #""yes""#),
        (#"!!int "7""#, "7"), ("!!float 1", "1"), ("!!binary aGVsbG8=", #""hello""#), ("! 5", #""5""#),
        ("!!bool yes", "true"), ("!!null ''", "null"),
    ])
    func `plain scalars mean what kubectl reads`(text: String, json: String) {
        let result = parse("a: \(text)\n")
        #expect(result.diagnostics.isEmpty)
        #expect(result.documents.first.map { JSONWriter.write($0) } == "{\"a\":\(json)}")
    }

    @Test(arguments: [
        ("9223372036854775808", "CAN0009 error"), ("-9223372036854775809", "CAN0009 error"),
        ("12345678901234567890123", "CAN0009 error"), (".inf", "CAN0009 error"), ("-.INF", "CAN0009 error"),
        ("+.inf", "CAN0009 error"), (".NaN", "CAN0009 error"), ("!!int abc", "CAN0010 error"),
        ("!!bool 7", "CAN0010 error"), ("!!binary '?'", "CAN0010 error"), ("!!binary gA==", "CAN0010 error"),
        ("!foo bar", "CAN0010 warning"), ("!!set {a: }", "CAN0010 warning"),
    ])
    func `scalars that cannot be kept are reported at their place`(text: String, finding: String) {
        #expect(summary(parse("x: 1\na: \(text)\n").diagnostics) == ["2:4 \(finding)"])
    }

    @Test func `keys become strings`() {
        let result = parse("{1: a, true: b, 1.5: c, 0o14: e, 1e30: g, 'x y': h}")
        let keys = result.documents.first?.mapping?.entries.map(\.key)
        #expect(keys == ["1", "true", "1.5", "12", "1e+30", "x y"])
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "3:1 CAN0005 error"),
        ("1: a\n\"1\": b\n", "2:1 CAN0005 error"),
        ("on: a\ntrue: b\n", "2:1 CAN0005 error"),
        ("x:\n- {b: 1, b: 2}\n", "2:10 CAN0005 error"),
        (#"{"a": {"b": 1, "c": 2, "b": 3}}"#, "1:24 CAN0005 error"),
        ("? [a]\n: b\n", "1:3 CAN0008 error"),
        ("~: b\n", "1:1 CAN0008 error"),
        (": b\n", "1:1 CAN0001 error"),
    ])
    func `keys that cannot be are reported at their place`(text: String, finding: String) {
        #expect(summary(parse(text).diagnostics) == [finding])
    }

    @Test func `of a repeated key the last value counts and the message names the first place`() {
        let result = parse("a:\n  b: 1\n  c: 2\n  b: 3\n")
        #expect(result.documents == [.mapping(["a": .mapping(["b": .integer(3), "c": .integer(2)])])])
        #expect(
            result.diagnostics.first?.message
                == #"the key "b" is already in this mapping, at line 2, column 3"#
        )
        #expect(result.diagnostics.first?.path == "a.b")
    }

    @Test func `many repeated keys are found without comparing each with each`() {
        let text = (0..<20_000).map { "key\($0): 1\n" }.joined() + "key77: 2\n"
        #expect(summary(parse(text).diagnostics) == ["20001:1 CAN0005 error"])
    }
}
