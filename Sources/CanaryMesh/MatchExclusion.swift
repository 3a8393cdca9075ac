// SPDX-License-Identifier: Apache-2.0

/// Why a match block plays no part for the clients of a listener, whatever they ask for.
package enum MatchExclusion: Hashable, Sendable {
    /// It names other gateways.
    case gateways([String])
    /// The client has not all of these labels.
    case sourceLabels([String: String])
    /// The client is in another namespace.
    case sourceNamespace(String)
    /// The Gateway's server has another port.
    case port(Int)
}

extension MatchExclusion: CustomStringConvertible {
    /// `it is for clients with the label app=web`.
    package var description: String {
        switch self {
        case .gateways(let names):
            return "it is for the gateway \(names.map { "\"\($0)\"" }.joined(separator: " or "))"
        case .sourceLabels(let labels):
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let noun = pairs.count == 1 ? "label" : "labels"
            return "it is for clients with the \(noun) \(pairs.joined(separator: ","))"
        case .sourceNamespace(let namespace): return "it is for clients in the namespace \"\(namespace)\""
        case .port(let port): return "it is for port \(port)"
        }
    }
}
