// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryMesh
import CanaryResources

/// What a route does besides choosing a destination, a line each.
struct EffectText {
    let explanation: Explanation

    private var effects: Explanation.Effects { explanation.effects }
    private var route: HTTPRoute? { explanation.effective?.route }

    var lines: [String] {
        var lines = answerLines
        if let path = effects.path { lines.append("sent on as \(path)") }
        if let authority = effects.authority { lines.append("sent on with the authority \(authority)") }
        if effects.timeout > 0 { lines.append("timeout \(Self.duration(effects.timeout))") }
        if explanation.action == .route, effects.retries > 0, explanation.virtualService != nil {
            lines.append(retryLine)
        }
        lines += faultLines + mirrorLines + corsLines
        lines += Self.lines(effects.headers)
        if !explanation.unserved.isEmpty {
            lines.append(
                "canaryctl's proxy does not act on \(explanation.unserved.joined(separator: ", ")) yet"
            )
        }
        return lines
    }

    static func lines(_ headers: Explanation.HeaderTexts) -> [String] {
        headers.request.map { "request header: \($0)" } + headers.response.map { "response header: \($0)" }
    }

    private var answerLines: [String] {
        if let location = effects.location { return ["redirect \(effects.status ?? 0) to \(location)"] }
        guard let status = effects.status else { return [] }
        let body = effects.body.map { ["body: \(TerminalText.escape(String($0.prefix(200))))"] } ?? []
        return ["answered with \(status), sent nowhere"] + body
    }

    private var retryLine: String {
        let each = effects.perTryTimeout > 0 ? ", \(Self.duration(effects.perTryTimeout)) for each try" : ""
        let on = route?.retries?.retryOn.map { ", on \($0)" } ?? ""
        return "up to \(effects.retries) \(effects.retries == 1 ? "retry" : "retries")\(each)\(on)"
    }

    private var faultLines: [String] {
        var lines: [String] = []
        if let delay = route?.fault?.delay {
            lines.append(
                "fault: \(delay.percentage) % of requests wait \(Self.duration(delay.duration.milliseconds))"
            )
        }
        if let abort = route?.fault?.abort {
            let status =
                switch abort.status {
                case .http(let status): "status \(status)"
                case .grpc(let status): "gRPC status \(status)"
                }
            lines.append("fault: \(abort.percentage) % of requests are answered with \(status)")
        }
        return lines
    }

    private var mirrorLines: [String] {
        guard let effective = explanation.effective, explanation.action == .route else { return [] }
        return effective.route.effectiveMirrors.map { mirror in
            let destination = mirror.destination
            let name = DestinationText.name(
                effective.resolve(destination),
                destination.subset,
                destination.port
            )
            return "mirror: \(mirror.percentage) % of requests are copied to \(name)"
        }
    }

    private var corsLines: [String] {
        guard let policy = route?.corsPolicy else { return [] }
        var parts = ["origins \(Self.list(policy.allowOrigins.map(Self.text)))"]
        if !policy.allowMethods.isEmpty { parts.append("methods \(Self.list(policy.allowMethods))") }
        if !policy.allowHeaders.isEmpty { parts.append("headers \(Self.list(policy.allowHeaders))") }
        if !policy.exposeHeaders.isEmpty { parts.append("exposes \(Self.list(policy.exposeHeaders))") }
        if let age = policy.maxAge { parts.append("for \(Self.duration(age.milliseconds))") }
        if policy.allowCredentials == true { parts.append("with credentials") }
        return ["CORS: \(parts.joined(separator: "; "))"] + crossOriginLines
    }

    private var crossOriginLines: [String] {
        guard let request = explanation.crossOrigin else { return [] }
        let verdict = request.isAllowed ? "is allowed" : "is not allowed"
        let answer = request.isPreflight && request.isAllowed ? ": the preflight is answered with 200" : ""
        return ["CORS: the origin \"\(request.origin)\" \(verdict)\(answer)"]
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.joined(separator: ", ")
    }

    private static func text(_ match: StringMatch) -> String {
        switch match {
        case .exact(let text): text
        case .prefix(let text): "prefix \(text)"
        case .regex(let pattern): "regex \(pattern)"
        case .present: "any"
        }
    }

    private static func duration(_ milliseconds: Int) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
