// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Finds out what a route does besides choosing a destination, by the functions that the proxy calls.
struct RouteEffects {
    let route: RouteHandle
    let facts: RequestFacts
    let identifiers: RoutingIdentifiers

    var effects: Explanation.Effects {
        var effects = Explanation.Effects()
        var buffer = ByteBuffer()
        switch route.action {
        case .redirect:
            route.appendRedirectLocation(facts, listenerIsTLS: facts.scheme.text == "https", to: &buffer)
            effects.status = Int(route.redirectStatus)
            effects.location = buffer.slice.text
            effects.headers.response = answerTexts(effects.status)
        case .directResponse:
            effects.status = Int(route.directStatus)
            if !route.directBody.isEmpty { effects.body = route.directBody.text }
            effects.headers.response = answerTexts(effects.status)
        case .forward: addForwarding(to: &effects)
        }
        return effects
    }

    private func addForwarding(to effects: inout Explanation.Effects) {
        var buffer = ByteBuffer()
        route.appendPath(facts, to: &buffer)
        let target = facts.path.text + (facts.query.isMissing ? "" : "?\(facts.query.text)")
        effects.target = buffer.slice.text
        if buffer.slice.text != target { effects.path = buffer.slice.text }
        effects.authority = route.newAuthority
        effects.timeout = Int(route.timeoutMilliseconds)
        effects.retries = Int(route.retry.attempts)
        effects.perTryTimeout = Int(route.retry.perTryTimeoutMilliseconds)
        let destinations = route.record.pointee.destinations
        let all = destinations.indices.map {
            headers(DestinationHandle(destinations.pointer($0), port: facts.port))
        }
        guard Set(all).count > 1 else {
            effects.headers = all.first ?? Explanation.HeaderTexts()
            return
        }
        effects.headers = Explanation.HeaderTexts(
            request: texts(route.record.pointee.requestEdits),
            response: texts(route.record.pointee.responseEdits)
        )
        for (destination, headers) in zip(destinations, all) where headers != effects.headers {
            guard let counter = identifiers.counter(destination.counter) else { continue }
            effects.destinationHeaders[counter.position] = headers
        }
    }

    private func headers(_ destination: DestinationHandle) -> Explanation.HeaderTexts {
        var buffer = ByteBuffer()
        let sent = route.factsAsSent(facts, destination, in: &buffer)
        let response = withExtendedLifetime(buffer) {
            route.responseHeaderEdits(destination).compactMap { $0.text(sent) }
        }
        return Explanation.HeaderTexts(
            request: texts(route.requestHeaderEdits(destination)),
            response: response
        )
    }

    /// Changes of the headers of an answer that the proxy gives itself.
    private func answerTexts(_ status: Int?) -> [String] {
        var facts = facts
        facts.responseCode = Int32(clamping: status ?? 0)
        return route.responseHeaderEdits(nil).compactMap { $0.text(facts) }
    }

    private func texts(_ edits: BorrowedList<HeaderEdit>) -> [String] {
        edits.compactMap { $0.text(facts) }
    }
}

extension RouteHandle {
    /// The authority that every destination gets instead of the client's.
    fileprivate var newAuthority: String? {
        let authorities = Set(record.pointee.destinations.map(\.authority.text))
        guard authorities.count == 1, let authority = authorities.first, !authority.isEmpty else {
            return nil
        }
        return authority
    }
}

extension HeaderEdit {
    /// `set x-version: v2`, `remove x-debug`; `nil` for a change that has no value, and so no effect.
    fileprivate func text(_ facts: RequestFacts) -> String? {
        if operation == .remove { return "remove \(name.text)" }
        var value = ByteBuffer()
        guard appendValue(facts, to: &value) else { return nil }
        return "\(operation == .set ? "set" : "add") \(name.text): \(value.slice.text)"
    }
}
