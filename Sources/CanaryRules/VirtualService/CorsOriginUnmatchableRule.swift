// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// An origin that a CORS policy allows is none that a browser sends. Origins are a scheme and a host in lower case, with a port
/// where that is not the scheme's own: `https://shop.example.com`, without a path or a slash behind it.
enum CorsOriginUnmatchableRule: ObjectRule {
    static let code = RuleCode("CAN1135")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for origin in object.httpRoutes.flatMap({ $0["corsPolicy"]?["allowOrigins"]?.items ?? [] }) {
            if let place = origin["exact"], let text = place.string, let problem = problem(ofExact: text) {
                report.add(
                    at: place,
                    "no browser sends the origin \"\(text)\": \(problem.reason)",
                    hint: problem.hint
                )
            }
            if let place = origin["prefix"], let text = place.string, let problem = problem(ofPrefix: text) {
                report.add(
                    at: place,
                    "no origin begins with \"\(text)\": \(problem.reason)",
                    hint: problem.hint
                )
            }
        }
    }

    /// `*` allows everybody, as in Envoy; `null` is what pages without an origin send.
    private static func problem(ofExact text: String) -> (reason: String, hint: String)? {
        guard !text.isEmpty, text != "*", text != "null" else { return nil }
        guard let scheme = text.firstRange(of: "://") else {
            return ("it has no scheme", "write https://\(text)")
        }
        let authority = text[scheme.upperBound...]
        if let slash = authority.firstIndex(of: "/") {
            return ("it has a path", "write \(text[..<slash])")
        }
        if text.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
            return ("it is in lower case there", "write \(text.lowercased())")
        }
        for (name, port) in [("http", ":80"), ("https", ":443")]
        where text[..<scheme.lowerBound] == name && authority.hasSuffix(port) {
            return ("the port is the scheme's own", "write \(text.dropLast(port.count))")
        }
        return nil
    }

    private static func problem(ofPrefix text: String) -> (reason: String, hint: String)? {
        guard !text.isEmpty, text != "*" else { return nil }
        guard let scheme = text.firstRange(of: "://") else {
            let isBeginning = ["http://", "https://", "null"].contains { $0.hasPrefix(text) }
            return isBeginning ? nil : ("they begin with a scheme", "write https://\(text)")
        }
        guard let slash = text[scheme.upperBound...].firstIndex(of: "/") else { return nil }
        return ("they have no path", "write \(text[..<slash])")
    }
}
