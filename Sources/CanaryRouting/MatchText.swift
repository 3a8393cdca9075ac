// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

// What routes ask for, for pages about them: paths in istioctl's way, the rest by the names of the fields.

extension RouteEntry {
    /// All that a match block asks for: `/api* method GET header x-user exact "ada"`; `/*` for nothing.
    var text: String {
        let paths = conditions.filter { $0.subject == .path || $0.subject == .target }.map(\.pathText)
        let others = conditions.filter { $0.subject != .path && $0.subject != .target }.map(\.text)
        let ports = port == 0 ? [] : ["port \(port)"]
        return ((paths.isEmpty ? ["/*"] : paths) + others + ports).joined(separator: " ")
    }
}

extension ConnectionRouteRecord {
    /// The name that connections ask for and where they were made to: `SNI: *.example.com`; `ALL` for any.
    var matchText: String {
        let name = serverName.isMissing ? [] : ["SNI: \(isWildcard ? "*" : "")\(serverName.text)"]
        let range = subnets.isEmpty ? [] : ["destinationSubnets (\(subnets.count))"]
        let parts = name + range
        return parts.isEmpty ? "ALL" : parts.joined(separator: " ")
    }
}

extension MatchCondition {
    fileprivate var pathText: String {
        let not = isInverted ? "not " : ""
        switch test {
        case .exact: return not + value.text
        case .prefix: return "\(not)\(value.text)*"
        case .regex: return "\(not)regex \(value.text)"
        case .present: return "\(not)/*"
        }
    }

    fileprivate var text: String {
        let what = "\(isInverted ? "not " : "")\(subject)" + (name.isEmpty ? "" : " \(name.text)")
        switch test {
        case .present: return what
        case .exact: return "\(what) \(value.text)"
        case .prefix: return "\(what) \(value.text)*"
        case .regex: return "\(what) regex \(value.text)"
        }
    }
}
