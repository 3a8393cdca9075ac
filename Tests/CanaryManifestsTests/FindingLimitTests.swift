// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import Testing

@testable import CanaryResources

/// Nobody reads a thousand findings of one document, and hostile ones have millions.
@Suite struct FindingLimitTests {
    private static let header = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

    private func findings(_ text: String) -> [Diagnostic] {
        let reader = ManifestReader(
            defaultNamespace: "default",
            namespaceIsExplicit: false,
            ignoreUnknownKinds: false
        )
        return reader.readAndCheck([ManifestSource(name: "a.yaml", text: text)], workers: 1).diagnostics
    }

    private static func lines(_ line: (Int) -> String) -> String { (0..<1000).map(line).joined() }

    @Test(arguments: [
        ("CAN0101", header + lines { "unknown\($0): 1\n" }),
        ("CAN0102", header + "data:\n" + lines { "  k\($0): 1\n" }),
        ("CAN0005", header + "x:\n" + lines { _ in "- {a: 1, a: 2}\n" }),
        ("CAN0905", header + "data:\n" + lines { "  '#\($0)': a\n" }),
        (
            "CAN0027",
            "apiVersion: v1\nkind: List\nitems:\n"
                + lines { _ in "- {apiVersion: v1, kind: Pod, metadata: {}}\n" }
        ),
    ])
    func `findings of one document end`(code: String, text: String) {
        let found = findings(text)
        #expect((200...202).contains(found.count { $0.code.canary == code }))
        #expect(
            found.contains {
                $0.message.hasPrefix("more than 200 ") || $0.message.hasPrefix("there are more than 200 ")
            }
        )
        #expect(found.count < 450)
        #expect(found.hasErrors)
    }

    @Test func `warnings hide no error`() {
        let routes = Self.lines { _ in
            "  - {route: [{destination: {host: a}, weight: 30}, {destination: {host: b}, weight: 30}]}\n"
        }
        let text =
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: [a]\n"
            + "  http:\n" + routes + "  - {match: [{uri: {regex: '('}}], route: [{destination: {host: a}}]}\n"
        let found = findings(text)
        #expect(found.count { $0.severity != .error } <= 201)
        #expect(found.contains { $0.severity == .error && $0.code.canary != "CAN0121" })
        #expect(found.filter { $0.code.canary == "CAN0121" }.map(\.severity) == [.info])
    }
}
