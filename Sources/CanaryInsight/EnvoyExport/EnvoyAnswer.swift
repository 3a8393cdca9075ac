// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// Translates what is answered without asking a destination: redirects and direct responses.
struct EnvoyAnswer {
    let route: RouteRecord
    /// The port that the request addressed.
    let port: Int32
    let warn: (String) -> Void

    private static let redirectCodes: [Int32: String] = [
        301: "MOVED_PERMANENTLY", 302: "FOUND", 303: "SEE_OTHER", 307: "TEMPORARY_REDIRECT",
        308: "PERMANENT_REDIRECT",
    ]

    /// `envoy.config.route.v3.RedirectAction`.
    var redirect: Node {
        let redirect = route.redirect
        let target = redirect.locationPort(requested: port, requestScheme: ByteSlice("http"))
        let code = Self.redirectCodes[redirect.status]
        if code == nil { warn("Envoy knows no redirect with status \(redirect.status): it sends 301") }
        return .message([
            "scheme_redirect": text(redirect.scheme, "scheme"),
            "host_redirect": text(redirect.authority, "authority"),
            "port_redirect": target > 0 ? .integer(Int64(target)) : nil,
            "path_redirect": text(redirect.uri, "path"),
            "prefix_rewrite": redirect.uri.isEmpty ? text(redirect.prefixRewrite, "prefix") : nil,
            "response_code": .string(code ?? "MOVED_PERMANENTLY"),
        ])
    }

    /// `envoy.config.route.v3.DirectResponseAction`.
    func directResponse(_ body: HTTPDirectResponse.Body?) -> Node {
        let source: Node? =
            switch body {
            case .text(let text): .message(["inline_string": .string(text)])
            case .base64(let text): .message(["inline_bytes": .string(text)])
            case nil: nil
            }
        return .message([
            "status": .integer(Self.status(Int(route.directStatus), warn)),
            "body": route.directBody.isEmpty ? nil : source,
        ])
    }

    /// Istio takes 600 too, with which Envoy would refuse the whole configuration.
    static func status(_ status: Int, _ warn: (String) -> Void) -> Int64 {
        guard !(200..<600).contains(status) else { return Int64(status) }
        warn("Envoy sends no status \(status): it sends 599")
        return 599
    }

    private func text(_ slice: ByteSlice, _ part: String) -> Node? {
        EnvoyText.node(slice.text, "\(part) of the redirect", warn)
    }
}
