// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// Compares what is expected of a request with what becomes of it.
struct RouteVerdict {
    let request: ExplainedRequest
    /// What is judged.
    let explanation: Explanation
    /// What the routing table says: another one where a delegate was asked alone.
    let whole: Explanation

    /// Whether an expectation holds; the message says what is expected and what is.
    func check(_ expectation: RouteTestCase.Expectation) -> (holds: Bool, message: String) {
        let value = expectation.value
        switch expectation.field {
        case "delegate": return checkDelegate(value)
        case "shares": return checkShares(value)
        case "subset": return checkSubset(value.string ?? "")
        case "status": return checkStatus(Int(value.integer ?? 0))
        case "location":
            return compare(
                value.string,
                explanation.effects.location,
                "redirect to",
                none: "redirects nowhere"
            )
        case "routeName":
            return compare(
                value.string,
                explanation.effective?.route.name,
                "a route named",
                none: "has no name"
            )
        case "virtualService": return checkVirtualService(value.string ?? "")
        case "upstream": return checkUpstream(value)
        default: return compare(value, spec(expectation.field), expectation.field)
        }
    }

    /// What takes the request, in words.
    var routeText: String {
        guard let effective = explanation.effective else {
            return explanation.reason ?? "the host has no VirtualService"
        }
        let name = effective.route.name.isEmpty ? "" : " \"\(effective.route.name)\""
        let owner = effective.virtualService
        return
            "route \(explanation.route?.index ?? effective.index)\(name) of VirtualService \(owner.namespace)/\(owner.name) takes the request"
    }

    /// Says that an expectation holds which must not.
    func unwanted(_ expectation: RouteTestCase.Expectation) -> String {
        "expected \(expectation.field) other than \(JSONWriter.write(expectation.value)); \(routeText)"
    }

    // MARK: - Parts of the route

    private func compare(_ wanted: Node, _ found: Node?, _ field: String) -> (Bool, String) {
        let namespace = explanation.effective?.source.namespace ?? whole.virtualService?.namespace ?? ""
        let holds = SpecComparison(namespace: namespace).areEqual(wanted, found, field: field)
        let text = found.map { JSONWriter.write($0) } ?? "none"
        return (holds, "expected \(field) \(JSONWriter.write(wanted)), found \(text); \(routeText)")
    }

    private func compare(_ wanted: String?, _ found: String?, _ what: String, none: String) -> (Bool, String)
    {
        let text = found.map { "\"\($0)\"" } ?? none
        return (wanted == found, "expected \(what) \"\(wanted ?? "")\", found \(text); \(routeText)")
    }

    /// A field of the route as written; of a delegate's route that lacks it, the delegating route's.
    private func spec(_ field: String) -> Node? {
        guard let effective = explanation.effective else { return nil }
        let own = effective.source.httpRoute(effective.sourceIndex)?[field]
        guard own == nil, Self.inherited.contains(field) else { return own }
        return effective.virtualService.httpRoute(effective.rootIndex)?[field]
    }

    private static let inherited: Set<String> = [
        "rewrite", "timeout", "retries", "headers", "fault", "mirror", "mirrorPercentage", "mirrors",
        "corsPolicy",
    ]

    /// The delegate that the VirtualService itself hands the request to counts, whether it is of use or not.
    private func checkDelegate(_ wanted: Node) -> (Bool, String) {
        var found: Node?
        if let lost = whole.lost.first {
            found = .mapping([
                "name": .string(lost.delegate.name), "namespace": .string(lost.delegate.namespace),
            ])
        } else if let effective = whole.effective {
            found = effective.virtualService.httpRoute(effective.rootIndex)?["delegate"]
        }
        return compare(withoutOwnNamespace(wanted), found.map(withoutOwnNamespace), "delegate")
    }

    /// The VirtualService's own namespace may be written or not.
    private func withoutOwnNamespace(_ delegate: Node) -> Node {
        guard delegate["namespace"]?.string == whole.virtualService?.namespace else { return delegate }
        var copy = delegate
        copy.set(nil, at: "namespace")
        return copy
    }

    // MARK: - Where the request goes

    private func checkShares(_ wanted: Node) -> (Bool, String) {
        var expected = Dictionary(
            (wanted.mapping?.entries ?? []).map { ($0.key, $0.value.number ?? 0) }
        ) { _, last in last }
        let text = expected.sorted { $0.key < $1.key }.map { "\($0.key) \(Self.percent($0.value))" }
        var found: [String] = []
        var holds = explanation.action == .route
        for destination in explanation.route?.destinations ?? [] {
            let share = destination.declaredShare * 100
            found.append("\(Self.name(destination)) \(Self.percent(share))")
            let key = expected.keys.first { Self.names($0, destination) }
            let wanted = key.map { expected[$0] ?? 0 } ?? 0
            if let key {
                expected[key] = wanted - share
            } else if share > 0 {
                holds = false
            }
        }
        holds = holds && expected.values.allSatisfy { abs($0) < 0.0001 }
        let actual = found.isEmpty ? routeText : found.joined(separator: ", ")
        return (holds, "expected the split \(text.joined(separator: ", ")), found \(actual)")
    }

    private func checkSubset(_ wanted: String) -> (Bool, String) {
        guard let destinations = explanation.route?.destinations, !destinations.isEmpty else {
            return (false, "expected \"\(wanted)\" to get the request; \(routeText)")
        }
        if let sticky = explanation.sticky, destinations.indices.contains(sticky.chosen) {
            let chosen = destinations[sticky.chosen]
            return (
                Self.names(wanted, chosen),
                "expected \"\(wanted)\" to get the user \"\(sticky.user)\", found \(Self.name(chosen))"
            )
        }
        let found = destinations.filter { $0.declaredShare > 0 }
        let text = found.map { "\(Self.name($0)) \(Self.percent($0.declaredShare * 100))" }.joined(
            separator: ", "
        )
        return (
            !found.isEmpty && found.allSatisfy { Self.names(wanted, $0) },
            "expected \"\(wanted)\" to get the request, found \(text)"
        )
    }

    /// The only destination that can get a request, or the one that its user gets; `nil` where that is left to chance.
    static func certainDestination(_ explanation: Explanation) -> String? {
        let destinations = explanation.route?.destinations ?? []
        if let sticky = explanation.sticky, destinations.indices.contains(sticky.chosen) {
            return name(destinations[sticky.chosen])
        }
        let possible = destinations.filter { $0.declaredShare > 0 }
        return possible.count == 1 ? name(possible[0]) : nil
    }

    /// The status of answers that the proxy gives itself.
    private func checkStatus(_ wanted: Int) -> (Bool, String) {
        let found: Int?
        switch explanation.action {
        case .notFound: found = 404
        case .redirect, .directResponse: found = explanation.effects.status
        case .route:
            let abort = explanation.effective?.route.fault?.abort
            if let abort, abort.percentage == .whole, case .http(let status) = abort.status {
                found = status
            } else {
                found = nil
            }
        }
        let text = found.map(String.init) ?? "a request that is sent on"
        return (found == wanted, "expected status \(wanted), found \(text); \(routeText)")
    }

    private func checkVirtualService(_ wanted: String) -> (Bool, String) {
        let key = explanation.virtualService
        let found = key.map { wanted.contains("/") ? "\($0.namespace)/\($0.name)" : $0.name }
        return compare(wanted, explanation.action == .notFound ? nil : found, "VirtualService", none: "none")
    }

    private func checkUpstream(_ wanted: Node) -> (Bool, String) {
        guard explanation.action == .route else {
            return (false, "expected the request to be sent on; \(routeText)")
        }
        let target = explanation.effects.target ?? ""
        let authority = explanation.effects.authority ?? request.authority
        var differing: [String] = []
        if let path = wanted["path"]?.string, path != target {
            differing.append("expected the path \"\(path)\", found \"\(target)\"")
        }
        if let name = wanted["authority"]?.string, name != authority {
            differing.append("expected the authority \"\(name)\", found \"\(authority)\"")
        }
        return (differing.isEmpty, differing.joined(separator: "; "))
    }

    private static func name(_ destination: TrafficReport.Destination) -> String {
        destination.subset ?? HostName.short(destination.host)
    }

    /// Whether a word of a test means a destination: its subset, or a name of its host.
    private static func names(_ word: String, _ destination: TrafficReport.Destination) -> Bool {
        if let subset = destination.subset, subset == word { return true }
        let service = HostName.service(of: destination.host)
        return [destination.host, HostName.short(destination.host), service?.name].contains(word)
    }

    private static func percent(_ value: Double) -> String {
        let millionths = (value * 10_000).rounded()
        guard millionths >= 0, millionths <= 1_000_000 else { return "\(value) %" }
        return "\(Percentage(millionths: Int(millionths))) %"
    }
}

extension Resource {
    /// An entry of `spec.http` as written.
    fileprivate func httpRoute(_ index: Int) -> Node? {
        let routes = body["spec"]?["http"]?.items ?? []
        return routes.indices.contains(index) ? routes[index] : nil
    }
}
