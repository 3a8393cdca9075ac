// SPDX-License-Identifier: Apache-2.0

/// Finds out what a route does besides choosing a destination, by the functions that the proxy calls.
enum RouteEffects {
    static func of(_ route: RouteHandle, _ facts: RequestFacts) -> Explanation.Effects {
        var effects = Explanation.Effects()
        var buffer = ByteBuffer()
        switch route.action {
        case .redirect:
            route.appendRedirectLocation(facts, listenerIsTLS: facts.scheme.text == "https", to: &buffer)
            effects.status = Int(route.redirectStatus)
            effects.location = buffer.slice.text
        case .directResponse:
            effects.status = Int(route.directStatus)
            if !route.directBody.isEmpty { effects.body = route.directBody.text }
        case .forward:
            route.appendPath(facts, to: &buffer)
            let target = facts.path.text + (facts.query.isMissing ? "" : "?\(facts.query.text)")
            effects.target = buffer.slice.text
            if buffer.slice.text != target { effects.path = buffer.slice.text }
            effects.authority = route.newAuthority
            effects.timeout = Int(route.timeoutMilliseconds)
            effects.retries = Int(route.retry.attempts)
            effects.perTryTimeout = Int(route.retry.perTryTimeoutMilliseconds)
            effects.requestHeaders = texts(route.requestHeaderEdits(route.only(facts)), facts)
        }
        effects.responseHeaders = texts(route.responseHeaderEdits(route.only(facts)), facts)
        return effects
    }

    private static func texts(_ edits: UnsafeBufferPointer<HeaderEdit>, _ facts: RequestFacts) -> [String] {
        edits.compactMap { $0.text(facts) }
    }
}

extension RouteHandle {
    /// The destination of a route that has one alone, whose header changes then always apply.
    fileprivate func only(_ facts: RequestFacts) -> DestinationHandle? {
        record.pointee.destinations.count == 1 ? destination(for: facts, random: 0) : nil
    }

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
