// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

extension RouteEntry {
    /// The first condition that a request does not fulfil, in words; `nil` where the match block takes the request.
    func mismatch(_ facts: RequestFacts) -> String? {
        guard port == 0 || port == facts.port else { return "the port is \(facts.port), not \(port)" }
        return conditions.first { !$0.holds(for: facts) }?.mismatch(facts)
    }
}

extension MatchCondition {
    /// Why the condition does not hold: `the method "GET" is not "POST"`.
    fileprivate func mismatch(_ facts: RequestFacts) -> String {
        guard let found = found(in: facts) else {
            return isInverted ? "there is no \(what), which counts as an empty one" : "there is no \(what)"
        }
        let suffix = ignoresCase ? " in any case" : ""
        let text = value.text
        return switch (test, isInverted) {
        case (.present, _): "there is a \(what)"
        case (.exact, false): "the \(what) is \"\(found)\", not \"\(text)\"\(suffix)"
        case (.exact, true): "the \(what) is \"\(found)\"\(suffix)"
        case (.prefix, false): "the \(what) \"\(found)\" does not begin with \"\(text)\"\(suffix)"
        case (.prefix, true): "the \(what) \"\(found)\" begins with \"\(text)\"\(suffix)"
        case (.regex, false): "the whole \(what) \"\(found)\" does not match \"\(text)\""
        case (.regex, true): "the whole \(what) \"\(found)\" matches \"\(text)\""
        }
    }

    private var what: String {
        switch subject {
        case .path: "path"
        case .target: "path with its query"
        case .method: "method"
        case .scheme: "scheme"
        case .authority: "authority"
        case .header: "header \"\(name.text)\""
        case .query: "query parameter \"\(name.text)\""
        }
    }

    private func found(in facts: RequestFacts) -> String? {
        switch subject {
        case .path: facts.path.text
        case .target: facts.path.text + (facts.query.isMissing ? "" : "?\(facts.query.text)")
        case .method: facts.method.text
        case .scheme: facts.scheme.text
        case .authority: facts.authority.text
        case .query: facts.queryParameter(name)?.text
        case .header: facts.joinedHeader(name)
        }
    }
}

extension RequestFacts {
    /// All values of a header, as conditions compare them; `nil` where there is none.
    fileprivate func joinedHeader(_ name: ByteSlice) -> String? {
        let values = headers.filter { $0.name.equalsIgnoringCase(name) }.map(\.value.text)
        guard !values.isEmpty else { return nil }
        return values.joined(separator: name.text == "cookie" ? "; " : ",")
    }
}
