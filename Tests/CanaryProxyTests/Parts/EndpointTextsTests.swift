// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import Testing

@testable import CanaryProxy

struct EndpointTextsTests {
    @Test func `an address is looked up once, and again after it was forgotten`() throws {
        let identifiers = RoutingIdentifiers()
        let texts = EndpointTexts(identifiers)
        var lease: IdentifierLease? = IdentifierLease(identifiers)
        let endpoint = try #require(lease?.id(of: EndpointAddress(host: "10.0.0.1", port: 80)))
        #expect(texts.text(of: endpoint) == "10.0.0.1:80")
        lease = nil
        #expect(identifiers.endpoint(endpoint) == nil)
        #expect(texts.text(of: endpoint) == "10.0.0.1:80")
        texts.forget()
        #expect(texts.text(of: endpoint) == nil && texts.text(of: nil) == nil)
    }
}
