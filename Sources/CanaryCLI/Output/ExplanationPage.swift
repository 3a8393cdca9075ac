// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources

/// An explanation as `explain` prints it for people.
struct ExplanationPage {
    let request: ExplainedRequest
    let explanation: Explanation
    /// Whether endpoints are known at all: manifests alone need none.
    let showsEndpoints: Bool
    let style: Style

    var text: String {
        var lines = titleLines + droppedLines + answerLines
        lines += explanation.route.map(routeLines) ?? []
        lines += EffectText(explanation: explanation).lines.map { "  \($0)" }
        lines += userLines + lostLines
        if !explanation.skipped.isEmpty {
            lines.append(explanation.action == .notFound ? "routes" : "routes before it")
            lines += explanation.skipped.map { "  \(name($0)): \($0.reason)" }
        }
        // Escaped before it is coloured: colours are control characters too.
        return lines.enumerated().map { index, line in
            let safe = TerminalText.escape(line)
            return (index == 0 ? style.bold(safe) : safe) + "\n"
        }.joined()
    }

    private var titleLines: [String] {
        var lines = [request.line]
        guard let host = explanation.host else { return lines }
        let owner = explanation.virtualService.map { "VirtualService \($0.namespace)/\($0.name)" }
        let gateway = request.gateway.map { ", gateway \($0.namespace)/\($0.name)" } ?? ""
        lines.append("  host \(HostName.short(host)), \(owner ?? "without VirtualService")\(gateway)")
        return lines
    }

    private var droppedLines: [String] {
        explanation.droppedHeaders.map {
            "  without the header \"\($0)\": it tells Envoy what to do, and is taken from no client"
        }
    }

    private var answerLines: [String] {
        if let reason = explanation.reason {
            let answer = request.isConnection ? "no connection" : String(explanation.effects.status ?? 404)
            return ["  \(answer): \(reason)"]
        }
        guard explanation.route == nil else { return [] }
        return ["  the Gateway sends every request to https"]
    }

    private func routeLines(_ route: TrafficReport.Route) -> [String] {
        var lines = ["  \(Self.name(route.index, route.name)): \(route.match)"]
        let width = route.destinations.map { DestinationText.name($0).count }.max() ?? 0
        for (index, destination) in route.destinations.enumerated() {
            let share = NumberText.percentColumn(destination.declaredShare)
            let padding = String(repeating: " ", count: max(8 - share.count, 0))
            var line = "    \(DestinationText.name(destination).padded(to: width)) \(padding)\(share)"
            if showsEndpoints {
                line += "   \(destination.readyEndpoints)/\(destination.totalEndpoints) ready"
                if destination.readyEndpoints == 0 { line += request.isConnection ? ": reset" : ": 503" }
            }
            lines.append(line)
            let headers = explanation.effects.destinationHeaders[index].map(EffectText.lines)
            lines += (headers ?? []).map { "      \($0)" }
        }
        if explanation.virtualService == nil, !showsEndpoints,
            route.destinations.allSatisfy({ $0.declaredShare == 0 })
        {
            lines.append("    the endpoints decide about the shares, and the manifests have none")
        }
        return lines
    }

    /// Which version the user gets, and above which share each of them would be it.
    private var userLines: [String] {
        guard let key = explanation.hashKey else {
            guard request.user != nil, explanation.action != .notFound else { return [] }
            return ["  not sticky: \(explanation.notStickyReason)"]
        }
        guard let sticky = explanation.sticky, let destinations = explanation.route?.destinations,
            destinations.indices.contains(sticky.chosen)
        else { return ["  sticky by \(key.text), which the request lacks: its version is drawn"] }
        let names = destinations.map { $0.subset ?? HostName.short($0.host) }
        let thresholds = zip(names, sticky.thresholds).map { "\($0) above \(NumberText.percent($1))" }
        return [
            "  user \"\(sticky.user)\" (\(key.text)) gets \(names[sticky.chosen])",
            "    \(thresholds.joined(separator: ", "))",
        ]
    }

    private var lostLines: [String] {
        explanation.lost.map { lost in
            let name = lost.name.isEmpty ? "" : " \"\(lost.name)\""
            let owner = "VirtualService \(lost.virtualService.namespace)/\(lost.virtualService.name)"
            return "  lost: spec.http[\(lost.index)]\(name) of \(owner) takes no request: \(lost.reason)"
        }
    }

    /// Where the host has several VirtualServices, another one's is named.
    private func name(_ skipped: Explanation.Skipped) -> String {
        let name = Self.name(skipped.index, skipped.name)
        let owner = skipped.virtualService
        guard owner != explanation.virtualService else { return name }
        return "\(name) of \(owner.namespace)/\(owner.name)"
    }

    private static func name(_ index: Int, _ name: String) -> String {
        name.isEmpty ? "route \(index)" : "route \(index) \"\(name)\""
    }
}

extension Explanation {
    /// Why a user's key plays no part.
    var notStickyReason: String {
        guard action == .route else { return "the route sends no requests on" }
        guard (route?.destinations.count ?? 0) > 1 else { return "the route has one destination" }
        return "no consistentHash of a DestinationRule names a key"
    }
}

extension StickyChoice.Key {
    /// `header "x-user"`.
    var text: String {
        switch source {
        case .header: "header \"\(name)\""
        case .cookie: "cookie \"\(name)\""
        case .queryParameter: "query parameter \"\(name)\""
        case .sourceAddress: "source address"
        }
    }
}

/// How explanations call a destination.
enum DestinationText {
    static func name(_ destination: TrafficReport.Destination) -> String {
        name(destination.host, destination.subset, destination.port)
    }

    /// `v2 of shop.default:80`.
    static func name(_ host: String, _ subset: String?, _ port: Int?) -> String {
        let place = HostName.short(host) + (port.map { ":\($0)" } ?? "")
        return subset.map { "\($0) of \(place)" } ?? place
    }
}
