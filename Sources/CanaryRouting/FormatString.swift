// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// Reads header values as Envoy's format strings.
///
/// Known: `%REQ(NAME?OTHER):LENGTH%` (also `:method`, `:path`, `:authority`, `:scheme`), `%PROTOCOL%`, `%RESPONSE_CODE%`,
/// `%DOWNSTREAM_REMOTE_ADDRESS%`, `%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%`, `%DOWNSTREAM_REMOTE_PORT%` (and their
/// `DIRECT` forms), `%START_TIME%`, `%HOSTNAME%`, `%UPSTREAM_HOST%`, `%ROUTE_NAME%`, `%%`. Any other command gives `-`; a
/// percent sign that begins none is literal.
package struct FormatString {
    package enum Piece {
        case literal(String)
        /// What stands between two percent signs.
        case command(String)
    }

    package static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            literal += rest[..<percent]
            rest = rest[percent...].dropFirst()
            if rest.first == "%" {
                literal += "%"
                rest = rest.dropFirst()
                continue
            }
            guard let end = commandEnd(rest) else {
                literal += "%"
                continue
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
            pieces.append(.command(String(rest[..<end])))
            rest = rest[end...].dropFirst()
        }
        literal += rest
        return literal.isEmpty ? pieces : pieces + [.literal(literal)]
    }

    let routeName: String
    /// What the value sees of the request's headers.
    let headers: KnownHeaders
    let arena: RoutingArena

    /// Whether a command gives a value here; Envoy knows all of these too.
    package static func isKnown(_ command: String) -> Bool {
        let format = FormatString(routeName: "", headers: KnownHeaders(), arena: RoutingArena())
        return command == routeNameCommand || format.segment(command) != nil
    }

    /// A value of changed headers, which have values of changed headers, could take minutes for each request: what is beyond
    /// this much work is cut off.
    private static let mostWork = 10_000

    func compile(_ text: String) -> BorrowedList<TemplateSegment> {
        var segments: [TemplateSegment] = []
        var literal = ""
        var work = 0
        for piece in Self.pieces(of: text) {
            switch piece {
            case .literal(let text): literal += text
            case .command(Self.routeNameCommand): literal += routeName
            case .command(let command):
                if let segment = segment(command) {
                    work += segment.work
                    if work > Self.mostWork, !segment.choices.isEmpty { continue }
                    append(&literal, to: &segments)
                    segments.append(segment)
                } else {
                    literal += "-"
                }
            }
        }
        append(&literal, to: &segments)
        return arena.store(segments)
    }

    private static let routeNameCommand = "ROUTE_NAME"

    private func append(_ literal: inout String, to segments: inout [TemplateSegment]) {
        guard !literal.isEmpty else { return }
        segments.append(TemplateSegment(kind: .literal, text: arena.store(literal)))
        literal = ""
    }

    /// The closing percent sign of `NAME`, `NAME(ARGUMENTS)` or `NAME(ARGUMENTS):LENGTH`.
    private static func commandEnd(_ text: Substring) -> Substring.Index? {
        let name = text.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        guard !name.isEmpty else { return nil }
        var rest = text[name.endIndex...]
        if rest.first == "(" {
            guard let close = rest.firstIndex(of: ")") else { return nil }
            rest = rest[close...].dropFirst()
        }
        if rest.first == ":" { rest = rest.dropFirst().drop { $0.isASCII && $0.isNumber } }
        return rest.first == "%" ? rest.startIndex : nil
    }

    private func segment(_ command: String) -> TemplateSegment? {
        if command.hasPrefix("REQ(") { return requestSegment(command.dropFirst(4)) }
        let kind: TemplateSegment.Kind? =
            switch command {
            case "PROTOCOL": .protocolVersion
            case "RESPONSE_CODE": .responseCode
            case "START_TIME": .startTime
            case "HOSTNAME": .hostName
            case "UPSTREAM_HOST", "UPSTREAM_REMOTE_ADDRESS": .upstreamHost
            case "DOWNSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": .remoteAddress
            case "DOWNSTREAM_REMOTE_PORT", "DOWNSTREAM_DIRECT_REMOTE_PORT": .remotePort
            case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
                "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT":
                .remoteAddressWithoutPort
            default: nil
            }
        return kind.map { TemplateSegment(kind: $0) }
    }

    /// Reads `NAME?OTHER)` or `NAME?OTHER):LENGTH`.
    private func requestSegment(_ text: Substring) -> TemplateSegment? {
        guard let close = text.lastIndex(of: ")") else { return nil }
        let names = text[..<close].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            .map { $0.lowercased() }
        guard var segment = requestSegment(names[0], else: names.count == 2 ? names[1] : nil) else {
            return nil
        }
        if let limit = Int(text[close...].dropFirst(2)) { segment.limit = max(limit, 0) }
        return segment
    }

    private func requestSegment(_ name: String, else other: String?) -> TemplateSegment? {
        switch name {
        case ":method": return TemplateSegment(kind: .method)
        case ":path": return TemplateSegment(kind: headers.isSent ? .sentTarget : .path)
        case ":scheme": return TemplateSegment(kind: .scheme)
        case "": return nil
        case ":authority", "host":
            if headers.isSent { return TemplateSegment(kind: .sentAuthority) }
            guard let authority = headers.authority else { return TemplateSegment(kind: .authority) }
            return TemplateSegment(kind: .literal, text: arena.store(authority))
        default:
            var segment = TemplateSegment(kind: .requestHeader, text: arena.store(name))
            if let other { segment.alternative = arena.store(other) }
            if let choices = headers.choices(for: name, else: other, in: arena) {
                segment.kind = headers.isSent ? .sentFirstOf : .firstOf
                segment.choices = arena.store(choices)
            }
            return segment
        }
    }
}
