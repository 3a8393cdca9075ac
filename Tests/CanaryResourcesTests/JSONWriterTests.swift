// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryResources

struct JSONWriterTests {
    @Test(arguments: [
        (#"{"b":1,"a":[{"d":null,"c":"x"}]}"#, #"{"a":[{"c":"x"}],"b":1}"#),
        (#"{"a":null}"#, "{}"),
        (#"{"é":1,"z":2}"#, #"{"z":2,"é":1}"#),
        (#"[null,{"a":1}]"#, #"[null,{"a":1}]"#),
    ])
    func `the canonical text has keys in order, and none without a value`(text: String, wanted: String) throws
    {
        #expect(try JSONWriter.canonical(JSONReader.read(text)) == wanted)
    }
}
