// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryRouting

struct PathNormalizationTests {
    /// Among them the rows of Envoy's `path_utility_test.cc`.
    @Test(arguments: [
        ("/xyz", "/xyz"), ("/a/b/../c", "/a/c"), ("/a/b/./c", "/a/b/c"), ("/a/b/../../../../c", "/c"),
        ("/a/..\\c", "/c"), ("/%c0%af", "/%c0%af"), ("/%5c%25", "/%5c%25"), ("/a/b/%2E%2E/c", "/a/c"),
        ("/a/b/%2e./c", "/a/c"), ("/a/b/%2E/c", "/a/b/c"), ("/..", "/"), ("/.", "/"), ("/../a/b", "/a/b"),
        ("/A/B/C", "/A/B/C"), ("/a/%2F%2f/c", "/a/%2F%2f/c"), ("/a//b", "/a//b"), ("//", "//"),
        ("/a//../b", "/a/b"), ("/a/b/..", "/a/"), ("/a/b/.", "/a/b/"), ("/a/b/../", "/a/"),
        ("/%41%7e%2d%5f%30", "/A~-_0"), ("/%", "/%"), ("/%4", "/%4"), ("/%zz/%2", "/%zz/%2"),
        ("/...", "/..."), ("/.a/..b/c.", "/.a/..b/c."), ("/%252e", "/%252e"), ("*", "*"), ("", ""),
        ("\\\\a", "\\\\a"), ("/\\a\\.\\b", "//a/b"),
    ])
    func `paths become what Envoy makes of them`(path: String, wanted: String) {
        #expect(normalize(path) == wanted)
        #expect(normalize(wanted) == wanted)
    }

    @Test(arguments: ["/xyz/.%00../abc", "/xyz/%00.%00./abc", "/xyz/AAAAA%%0000/abc", "/%00"])
    func `an escaped NUL is refused`(path: String) {
        #expect(normalize(path) == nil)
    }

    private func normalize(_ path: String) -> String? {
        var bytes = Array(path.utf8)
        return bytes.withUnsafeMutableBufferPointer { buffer in
            PathNormalization.normalize(buffer).map { String(decoding: buffer[..<$0], as: UTF8.self) }
        }
    }
}
