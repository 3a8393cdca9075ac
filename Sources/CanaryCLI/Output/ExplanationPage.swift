// SPDX-License-Identifier: Apache-2.0

import CanaryModel

/// An explanation as `explain` prints it for people.
struct ExplanationPage {
    let request: ExplainedRequest
    let explanation: Explanation
    /// Whether endpoints are known at all: manifests alone need none.
    let showsEndpoints: Bool

    var text: String {
        var lines = [title]
        lines += explanation.route.map(routeLines) ?? []
        lines += effectLines
        if !explanation.skipped.isEmpty {
            lines.append(explanation.route == nil ? "routes" : "routes before it")
            lines += explanation.skipped.map { "  \(Self.name($0.index, $0.name)): \($0.reason)" }
        }
        return lines.map { TerminalText.escape($0) + "\n" }.joined()
    }

    private var title: String {
        let asked = "\(request.method) \(request.scheme)://\(request.authority)\(request.path)"
        guard let host = explanation.host else { return "\(asked)\n  404: nobody defines the host" }
        let owner = explanation.virtualService.map { "VirtualService \($0.namespace)/\($0.name)" }
        let answer = explanation.route == nil ? "\n  404: no route takes the request" : ""
        return "\(asked)\n  host \(HostName.short(host)), \(owner ?? "without VirtualService")\(answer)"
    }

    private func routeLines(_ route: TrafficReport.Route) -> [String] {
        var lines = ["  \(Self.name(route.index, route.name)): \(route.match)"]
        let width = route.destinations.map { Self.name($0).count }.max() ?? 0
        for destination in route.destinations {
            let share = NumberText.percentColumn(destination.declaredShare)
            let padding = String(repeating: " ", count: max(8 - share.count, 0))
            var line = "    \(Self.name(destination).padded(to: width)) \(padding)\(share)"
            if showsEndpoints {
                line += "   \(destination.readyEndpoints)/\(destination.totalEndpoints) ready"
                if destination.readyEndpoints == 0 { line += ": 503" }
            }
            lines.append(line)
        }
        return lines
    }

    private var effectLines: [String] {
        let effects = explanation.effects
        var lines: [String] = []
        if let location = effects.location {
            lines.append("  redirect \(effects.status ?? 0) to \(location)")
        } else if let status = effects.status {
            lines.append("  answered with \(status), sent nowhere")
        }
        if let path = effects.path { lines.append("  sent on as \(path)") }
        if let authority = effects.authority { lines.append("  sent on with the authority \(authority)") }
        if effects.timeout > 0 { lines.append("  timeout \(Self.duration(effects.timeout))") }
        if effects.retries > 0, explanation.virtualService != nil {
            let each =
                effects.perTryTimeout > 0 ? ", \(Self.duration(effects.perTryTimeout)) for each try" : ""
            lines.append("  up to \(effects.retries) \(effects.retries == 1 ? "retry" : "retries")\(each)")
        }
        lines += effects.requestHeaders.map { "  request header: \($0)" }
        lines += effects.responseHeaders.map { "  response header: \($0)" }
        return lines
    }

    private static func name(_ index: Int, _ name: String) -> String {
        name.isEmpty ? "route \(index)" : "route \(index) \"\(name)\""
    }

    private static func name(_ destination: TrafficReport.Destination) -> String {
        let host = HostName.short(destination.host)
        let port = destination.port.map { ":\($0)" } ?? ""
        return destination.subset.map { "\($0) of \(host)\(port)" } ?? "\(host)\(port)"
    }

    private static func duration(_ milliseconds: Int) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}

extension Explanation {
    /// The `Explanation` of `explain -o json`.
    var node: Node {
        .mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"),
            "kind": .string("Explanation"),
            "host": Self.optional(host),
            "virtualService": Self.optional(virtualService?.name),
            "route": route.map {
                .mapping([
                    "index": .integer(Int64($0.index)), "name": .string($0.name), "match": .string($0.match),
                ])
            } ?? Node(.null),
            "action": .string(route?.action.reportName ?? "notFound"),
            "destinations": .sequence(route?.destinations.map(\.node) ?? []),
            "status": effects.status.map { .integer(Int64($0)) } ?? Node(.null),
            "location": Self.optional(effects.location),
            "path": Self.optional(effects.path),
            "authority": Self.optional(effects.authority),
            "timeoutMilliseconds": .integer(Int64(effects.timeout)),
            "retries": .integer(Int64(effects.retries)),
            "perTryTimeoutMilliseconds": .integer(Int64(effects.perTryTimeout)),
            "requestHeaders": .sequence(effects.requestHeaders.map { .string($0) }),
            "responseHeaders": .sequence(effects.responseHeaders.map { .string($0) }),
            "skipped": .sequence(
                skipped.map {
                    .mapping([
                        "index": .integer(Int64($0.index)), "name": .string($0.name),
                        "reason": .string($0.reason),
                    ])
                }
            ),
        ])
    }

    private static func optional(_ text: String?) -> Node {
        text.map { .string($0) } ?? Node(.null)
    }
}
