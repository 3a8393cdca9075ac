// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct WriterTests {
    @Test func `YAML looks like kubectl's`() throws {
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata:
              annotations:
                date: "2001-01-01"
                enabled: "yes"
                note: |
                  first
                    second

                  third
                number: "1.0"
                time: "10:20"
              name: x
            e1: {}
            e2: []
            e3:
            - - 1
              - 2
            - - a: 1
                b: null
            lead: ' lead'
            list: '- a'
            pair: 'a: b'
            quoted: '''quoted'''
            strip: |-
              a
              b
            tab: "a\\tb"
            "yes": 0.5

            """
        let document = try #require(parse(text).documents.first)
        #expect(YAMLWriter.write(document) == text)
    }

    @Test func `several documents are separated`() {
        #expect(
            YAMLWriter.write(documents: [.string("a"), .mapping(["b": .integer(1)])]) == "a\n---\nb: 1\n"
        )
    }

    @Test func `JSON is compact or indented by four`() {
        let node: Node = .mapping([
            "a": .sequence([.integer(1), .string("<é\u{9b}\u{1b}\">")]), "b": .mapping([:]),
        ])
        #expect(JSONWriter.write(node) == #"{"a":[1,"<é\u009b\u001b\">"],"b":{}}"#)
        #expect(
            JSONWriter.write(node, pretty: true)
                == "{\n    \"a\": [\n        1,\n        \"<é\\u009b\\u001b\\\">\"\n    ],\n    \"b\": {}\n}"
        )
    }
}
