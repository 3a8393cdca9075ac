// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The addresses of endpoints as logs and headers tell them, for one worker: each is looked up once, since that takes a lock and
/// makes a text.
final class EndpointTexts {
    private let identifiers: RoutingIdentifiers
    private var texts: [UInt64: String] = [:]

    init(_ identifiers: RoutingIdentifiers) { self.identifiers = identifiers }

    /// `nil` for none, and for one that had left before it was first asked for.
    func text(of endpoint: UInt64?) -> String? {
        guard let endpoint else { return nil }
        if let known = texts[endpoint] { return known }
        texts[endpoint] = identifiers.endpoint(endpoint)?.description
        return texts[endpoint]
    }

    /// Forgets all of them, lest those that have left be kept; the others are looked up again.
    func forget() { texts = [:] }
}
