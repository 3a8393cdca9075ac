// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@Suite struct JSONReaderTests {
    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,", "{\"a\":1,}",
        "{a:1}", "{1:2}", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\n\"",
        "\"\t\"",
        "tru", "nul", "True", "NaN", "Infinity", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1 2",
        "[] x", "\u{feff}1",
        "9223372036854775808", "1e999", "\"\\", "\"\\u", "-a",
    ])
    func `text that is not JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONReader.read(text) }
    }

    @Test func `values are read as they are`() throws {
        let text =
            #" {"a": [1, -0, 2.5, 1e3, -9223372036854775808], "é😀": "\u00e9\ud83d\ude00\n\/\"", "n": null, "t": true} "#
        let node = try JSONReader.read(text)
        #expect(
            JSONWriter.write(node)
                == #"{"a":[1,0,2.5,1000,-9223372036854775808],"é😀":"é😀\n/\"","n":null,"t":true}"#
        )
        #expect(node.position == .unknown)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
        #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0x5c, 0x6e, 0xc3, 0x22]) }
    }

    @Test func `depth is bounded`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: Never.self) { try JSONReader.read(deep) }
        #expect(throws: JSONError.self) { try JSONReader.read("[" + deep + "]") }
        #expect(throws: JSONError.self) { try JSONReader.read(String(repeating: "[", count: 1_000_000)) }
    }
}
