// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The requests that a match block takes, in a form that can be compared with another block's.
struct MatchScope: Hashable {
    struct Condition: Hashable {
        /// What is looked at, as bytes: `path`, `header x-user`.
        var subject: [UInt8]
        var isInverted = false
        var text: TextCondition

        init(_ subject: String, isInverted: Bool = false, _ text: TextCondition) {
            self.subject = Array(subject.utf8)
            self.isInverted = isInverted
            self.text = text
        }

        /// Whether this holds wherever the other does.
        func isImplied(by other: Self, _ patterns: PatternCache) -> Bool {
            guard subject == other.subject, isInverted == other.isInverted else { return false }
            guard isInverted else { return text.covers(other.text, patterns) }
            // A missing header is an empty one for all tests but mere presence, so that is compared with itself only.
            guard text.test != .present, other.text.test != .present else { return false }
            return other.text.covers(text, patterns)
        }
    }

    private(set) var conditions: Set<Condition>
    private let port: Int?
    var gateways: Set<String>
    private let sourceLabels: [String: String]
    private let sourceNamespace: String?

    /// `nil` stands for a route without match blocks.
    init(_ match: HTTPMatch?) {
        conditions = match.map(Self.conditions) ?? []
        port = match?.port
        gateways = Set(match?.gateways ?? [])
        sourceLabels = match?.sourceLabels ?? [:]
        sourceNamespace = match?.sourceNamespace
    }

    /// Whether it takes every request, at the Gateways that it names.
    var isUnconditional: Bool { asksForPortAlone(nil) }

    /// Whether it takes every request at a port.
    var asksForPortAlone: Bool { port != nil && asksForPortAlone(port) }

    private func asksForPortAlone(_ wanted: Int?) -> Bool {
        conditions.isEmpty && port == wanted && !asksForSource
    }

    /// Whether it looks at where a request comes from.
    var asksForSource: Bool { !sourceLabels.isEmpty || sourceNamespace != nil }

    /// Whether it takes every request of the clients for which it exists.
    var takesAllOfItsClients: Bool { conditions.isEmpty }

    /// Whether it exists for clients of the mesh for which the other block exists, whichever they are.
    func existsWhere(_ other: MatchScope) -> Bool {
        guard port == nil || port == other.port else { return false }
        guard gateways.isEmpty else { return gateways.contains(VirtualService.mesh) }
        let labels = other.gateways.isEmpty ? other.sourceLabels : [:]
        let namespace = other.gateways.isEmpty ? other.sourceNamespace : nil
        return labels.contains(all: sourceLabels) && (sourceNamespace == nil || sourceNamespace == namespace)
    }

    /// Whether it exists for some client of the mesh.
    var isForMesh: Bool { gateways.isEmpty || gateways.contains(VirtualService.mesh) }

    /// The only authority that it takes, if it asks for nothing else.
    var authority: String? {
        guard conditions.count == 1, let condition = conditions.first, !condition.isInverted,
            condition.subject == Array("authority".utf8), condition.text.test == .exact, port == nil,
            gateways.isEmpty, !asksForSource
        else { return nil }
        return String(decoding: condition.text.text, as: UTF8.self)
    }

    /// What takes all that this does not take, if that is another single condition.
    var opposite: MatchScope? {
        guard conditions.count == 1, var condition = conditions.first else { return nil }
        condition.isInverted.toggle()
        var opposite = self
        opposite.conditions = [condition]
        return opposite
    }

    /// Whether every request that the other block takes is taken by this one. Never `true` by mistake.
    func covers(_ other: MatchScope, _ patterns: PatternCache) -> Bool {
        guard port == nil || port == other.port else { return false }
        guard gateways.isEmpty || !other.gateways.isEmpty && gateways.isSuperset(of: other.gateways) else {
            return false
        }
        return coversSource(of: other)
            && conditions.allSatisfy { mine in
                other.conditions.contains { mine == $0 || mine.isImplied(by: $0, patterns) }
            }
    }

    /// Istio does not look at the source where a block names gateways, so only blocks of a sort are compared.
    private func coversSource(of other: MatchScope) -> Bool {
        if sourceLabels.isEmpty && sourceNamespace == nil { return true }
        return gateways.isEmpty == other.gateways.isEmpty
            && (sourceNamespace == nil || sourceNamespace == other.sourceNamespace)
            && other.sourceLabels.contains(all: sourceLabels)
    }

    /// The conditions as `MatchCompiler` understands them, without those that every request fulfils.
    private static func conditions(_ match: HTTPMatch) -> Set<Condition> {
        var conditions: Set<Condition> = []
        switch match.uri {
        case nil, .present, .prefix(""), .prefix("/"), .regex(".*"), .regex("/.*"): break
        case let uri?:
            let text = TextCondition(uri, ignoresCase: match.ignoreURICase)
            conditions.insert(Condition("path", text))
        }
        for (subject, text) in [
            ("method", match.method), ("scheme", match.scheme), ("authority", match.authority),
        ] {
            if let text, text != .present {
                conditions.insert(Condition(subject, TextCondition(text)))
            }
        }
        for (headers, isInverted) in [(match.headers, false), (match.withoutHeaders, true)] {
            for (key, value) in headers {
                let subject = subject(ofHeader: key.lowercased())
                let text = TextCondition(value == .regex("*") ? .present : value)
                conditions.insert(Condition(subject, isInverted: isInverted, text))
            }
        }
        for (name, value) in match.queryParams {
            conditions.insert(Condition("query \(name)", TextCondition(value)))
        }
        return conditions
    }

    private static func subject(ofHeader name: String) -> String {
        switch name {
        // Envoy's :path has the query with it, so it is no path.
        case ":method": "method"
        case ":scheme": "scheme"
        case ":authority", "host": "authority"
        default: "header \(name)"
        }
    }
}
