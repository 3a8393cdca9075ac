// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Says in words which requests a route takes.
package enum MatchDescription {
    package static let anyRequest = "any request"
    /// Of a Service's own route behind those of VirtualServices.
    static let otherClients = "clients for which no route above exists"

    /// `any request`, `uri prefix /api and header x-canary = "1", or method = POST`.
    package static func text(_ matches: [HTTPMatch]) -> String {
        guard !matches.isEmpty else { return anyRequest }
        return matches.map(text).joined(separator: ", or ")
    }

    private static func text(_ match: HTTPMatch) -> String {
        var parts: [String] = []
        if let uri = match.uri, uri != .prefix("/"), uri != .present {
            parts.append("uri \(plain(uri))" + (match.ignoreURICase ? " in any case" : ""))
        }
        let fields = [("method", match.method), ("scheme", match.scheme), ("authority", match.authority)]
        for (name, value) in fields {
            if let value { parts.append("\(name) \(plain(value))") }
        }
        parts += sorted(match.headers).map { "header \($0) \(quoted($1))" }
        parts += sorted(match.withoutHeaders).map { name, value in
            isPresence(value) ? "no header \(name)" : "not header \(name) \(quoted(value))"
        }
        parts += sorted(match.queryParams).map { "query \($0) \(quoted($1))" }
        if let port = match.port { parts.append("port = \(port)") }
        let labels = match.sourceLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !labels.isEmpty { parts.append("source labels \(labels.joined(separator: ","))") }
        if let namespace = match.sourceNamespace { parts.append("source namespace \(namespace)") }
        if !match.gateways.isEmpty { parts.append("gateway \(match.gateways.joined(separator: ","))") }
        return parts.isEmpty ? anyRequest : parts.joined(separator: " and ")
    }

    private static func sorted(_ matches: [String: StringMatch]) -> [(String, StringMatch)] {
        matches.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func isPresence(_ match: StringMatch) -> Bool { match == .present || match == .regex("*") }

    private static func plain(_ match: StringMatch) -> String {
        switch match {
        case .exact(let text): "= \(text)"
        case .prefix(let text): "prefix \(text)"
        case .regex(let pattern): "regex \(pattern)"
        case .present: "present"
        }
    }

    private static func quoted(_ match: StringMatch) -> String {
        switch match {
        case _ where isPresence(match): "present"
        case .exact(let text): "= \"\(text)\""
        case .prefix(let text): "prefix \"\(text)\""
        case .regex(let pattern): "regex \"\(pattern)\""
        case .present: "present"
        }
    }
}
