// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// Texts that look alike and are other bytes are other values, wherever a manifest may have them.
@Suite struct ExactTextTests {
    /// Of one length in UTF-8, and of two.
    static let twins = [("caf\u{e9}", "cafe\u{301}"), ("\u{212b}", "A\u{30a}"), ("\u{2126}", "\u{3a9}")]

    static let routes = [
        "{name: '@', route: [{destination: {host: a}}]}",
        "{match: [{uri: {exact: '/@'}}], route: [{destination: {host: a}}]}",
        "{match: [{uri: {prefix: '/@'}}], route: [{destination: {host: a}}]}",
        "{match: [{uri: {regex: '/@'}}], route: [{destination: {host: a}}]}",
        "{match: [{headers: {x: {exact: '@'}}}], route: [{destination: {host: a}}]}",
        "{match: [{withoutHeaders: {x: {exact: '@'}}}], route: [{destination: {host: a}}]}",
        "{match: [{queryParams: {x: {exact: '@'}}}], route: [{destination: {host: a}}]}",
        "{match: [{queryParams: {'@': {exact: x}}}], route: [{destination: {host: a}}]}",
        "{redirect: {uri: '/@'}}",
        "{directResponse: {status: 200, body: {string: '@'}}}",
        "{rewrite: {uri: '/@'}, route: [{destination: {host: a}}]}",
    ]

    static var manifests: [String] {
        routes.map {
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: a}
            spec: {hosts: [a.example.com], http: [\($0)]}
            """
        } + [
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: '@'}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {k: '@'}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {k: '@'}}}",
        ]
    }

    @Test(arguments: manifests) func `an apply of a twin is a change`(_ manifest: String) throws {
        for (one, other) in Self.twins {
            let scratch = try ScratchDirectory()
            func run(_ words: [String], _ text: String) -> (CanaryCLI.ExitStatus, String) {
                let world = TestWorld(directory: scratch.path, input: manifest.replacing("@", with: text))
                return (CommandLineRunner.run(words, in: world.context), world.output + world.errors)
            }
            let created = run(["create", "-f", "-"], one)
            try #require(created.0 == .success, "\(created.1)")
            #expect(run(["diff", "-f", "-"], one).0 == .success)
            let difference = run(["diff", "-f", "-"], other)
            #expect(difference.0 == .failure)
            #expect(manifest.contains("Secret") || Array(difference.1.utf8).split(separator: 10).count > 4)
            #expect(run(["apply", "-f", "-"], one).1.contains(" unchanged"))
            #expect(run(["apply", "-f", "-"], other).1.contains(" configured"))
            #expect(run(["replace", "-f", "-"], one).1.contains(" replaced"))
        }
    }

    @Test func `keys that look alike are two keys`() throws {
        for (one, other) in Self.twins {
            var mapping = Mapping()
            mapping[one] = .integer(1)
            mapping[other] = .integer(2)
            #expect(mapping.entries.count == 2)
            #expect(mapping[one]?.integer == 1)
            #expect(Set([ExactText(one), ExactText(other)]).count == 2)
            let keys = [one, other].map { ResourceKey(.configMap, namespace: "default", name: $0) }
            #expect(Set(keys).count == 2)
            let entries = (0..<20).map { Mapping.Entry(key: "\($0)", value: .integer(0)) }
            let twins = [one, other].map { Mapping.Entry(key: $0, value: .integer(0)) }
            for all in [twins, entries + twins] {
                #expect(Mapping(resolving: all[...]) { _, _ in }.entries.count == all.count)
            }
        }
    }

    @Test func `equal bytes are equal, however they came about`() {
        #expect("cafe\u{301}".hasSameBytes(as: "cafe" + "\u{301}"))
        #expect(!"a".hasSameBytes(as: "b"))
        #expect("".hasSameBytes(as: ""))
    }
}
