// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@Suite struct Base64Tests {
    /// The test vectors of RFC 4648, section 10.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func `the examples of RFC 4648 decode`(_ plain: String, _ encoded: String) {
        #expect(Base64.decode(encoded.utf8, .kubernetes) == Array(plain.utf8))
        #expect(Base64.decodedCount(encoded) == plain.utf8.count)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "====", "=", "Zg==Zg==", "Zm9v=", "Zm9-", "Zm9_", "Z g==",
    ])
    func `what is no base64 does not decode`(_ text: String) {
        #expect(Base64.decode(text.utf8, .kubernetes) == nil)
        #expect(!Base64.isValid(text))
    }

    @Test func `blanks are left out, as many as the format has`() {
        #expect(Base64.decode("Zm\r\n9v\n".utf8, .kubernetes) == Array("foo".utf8))
        #expect(Base64.decode("Zm 9v\t".utf8, .kubernetes) == nil)
        #expect(Base64.decode("Zm 9v\t\n".utf8, .yaml) == Array("foo".utf8))
    }

    @Test func `protobuf takes both alphabets, padded or not, and no blanks`() {
        for text in ["-_8=", "+/8", "-/8==="] {
            #expect(Base64.decode(text.utf8, .protobuf) == [0xFB, 0xFF])
        }
        for text in ["-_8=A", "A", "AAAAA", "AA AA"] { #expect(Base64.decode(text.utf8, .protobuf) == nil) }
    }

    @Test func `bytes of any length come back`() {
        let symbols = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var generator = SeededGenerator(seed: 3)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            var text: [UInt8] = []
            for start in stride(from: 0, to: length, by: 3) {
                let part = Array(bytes[start..<min(start + 3, length)])
                let word = (0..<3).reduce(0) { $0 << 8 | (part.indices.contains($1) ? Int(part[$1]) : 0) }
                let group = [18, 12, 6, 0].map { symbols[word >> $0 & 63] }
                text +=
                    group.prefix(part.count + 1) + Array(repeating: UInt8(ascii: "="), count: 3 - part.count)
            }
            #expect(Base64.decode(text, .kubernetes) == bytes)
        }
    }
}
