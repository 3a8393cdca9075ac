// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

/// The mistakes that people make when they type a tutorial's canary.
@Suite struct ClassicMistakesTests {
    @Test func `a tutorial's Service shows both of its faults`() throws {
        let set = read(
            """
            apiVersion: v1
            kind: Service
            metadata:
            name: helloworld
            labels:
              app: helloworld
            spec:
              selector:
                app: helloworld
              ...

            """
        )
        #expect(summary(set.diagnostics) == ["4:1 CAN0026 error", "10:3 CAN0003 error"])
        let findings = set.diagnostics.sortedForPrinting()
        #expect(findings[0].message == #""name" and "labels" stand beside metadata, not inside of it"#)
        #expect(findings[0].hint == #"indent "name" and "labels" by two spaces, so that metadata holds them"#)
        let service = try #require(set.resources.first)
        #expect(service.key.description == "Service/default/helloworld")
        #expect(service.metadata.labels == ["app": "helloworld"])
        #expect(service.body["name"] == nil)
    }

    @Test func `a tutorial's Deployments show a missing apiVersion and both elisions`() {
        let set = read(
            """
            kind: Deployment
            metadata:
              name: helloworld-v1
            spec:
              template:
                spec:
                  containers:
                  - image: helloworld-v1
                    ...
            ---
            apiVersion: extensions/v1beta1
            kind: Deployment
            metadata:
              name: helloworld-v2
            spec:
              template:
                spec:
                  containers:
                  - image: helloworld-v2
                    ...

            """
        )
        #expect(
            summary(set.diagnostics) == [
                "1:1 CAN0022 error", "9:9 CAN0003 error", "11:1 CAN0024 warning", "20:9 CAN0003 error",
            ]
        )
        #expect(set.diagnostics.contains { $0.hint == #"add "apiVersion: apps/v1""# })
        #expect(set.resources.map(\.name) == ["helloworld-v1", "helloworld-v2"])
    }

    @Test(arguments: [
        ("image: x\n  ...\n", "2:3"), ("a:\n- b\n...\n", ""), ("a: ...\n", "1:4"), ("a:\n- ...\n", "2:3"),
        ("a: x\n ...\nb: y\n", "2:2"), ("a:\n  b: c\n ...\n", "3:2"), ("a: \"...\"\n", ""),
        ("a: |\n  x\n  ...\n", ""), ("a: x\n…\n", "2:1"), ("a:\n  b: c\n  ...\n  d: e\n", "3:3"),
        ("a: wait ...\n", ""),
    ])
    func `a literal ellipsis is found where it stands`(text: String, place: String) {
        let found = parse(text).diagnostics.filter { $0.code == ManifestCodes.elision }
        #expect(found.map { "\($0.position.line):\($0.position.column)" } == (place.isEmpty ? [] : [place]))
        #expect(parse(text).diagnostics.count == found.count)
    }

    @Test(arguments: [
        ("metadata:\n\tname: x\n", "2:1 CAN0004 error"),
        ("a: b\n\tc: d\n", "2:1 CAN0004 error"),
        ("a:\n  b: c\n \td: e\n", "3:2 CAN0004 error"),
        ("cat <<EOF | istioctl create -f -\napiVersion: v1\nkind: Service\n", "1:1 CAN0012 error"),
        ("apiVersion: v1\nkind: Service\nEOF\n", "3:1 CAN0012 error"),
        ("```yaml\napiVersion: v1\n```\n", "1:1 CAN0012 error"),
        ("a: b\n  c: d\n", "2:4 CAN0001 error"),
        ("a:\n  b: c\n d: e\n", "3:2 CAN0001 error"),
        ("a:\n- b\n  c\n - d\ne\n", "5:1 CAN0001 error"),
        ("a: \"b\nc: d\n", "1:4 CAN0001 error"),
        ("a: [b, c\nd: e\n", "2:2 CAN0001 error"),
        ("a: @b\n", "1:4 CAN0001 error"),
        ("a: {{ b }}\n", "1:5 CAN0008 error"),
        ("a: 'x\n---\nb: c\n", "1:4 CAN0001 error"),
        ("name: x\nweight 10\nhost: y\n", "2:1 CAN0001 error"),
    ])
    func `faults of the text are reported where they are`(text: String, finding: String) {
        #expect(summary(parse(text).diagnostics) == [finding])
    }

    @Test func `after a fault the next documents are read`() {
        let result = parse("a: [\n---\nb: 1\n---\nc: @\n---\nd: \"\n---\ne: 2\n")
        #expect(
            summary(result.diagnostics) == [
                "2:1 CAN0001 error", "5:4 CAN0001 error", "7:4 CAN0001 error",
            ]
        )
        #expect(result.documents.map { $0.mapping?.entries.first?.key } == ["b", "e"])
    }
}
