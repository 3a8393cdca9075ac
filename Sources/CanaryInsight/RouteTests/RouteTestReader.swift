// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

/// Makes a routing test from a mapping whose fields have been checked.
struct RouteTestReader {
    struct Problem: Error {
        var diagnostic: Diagnostic
    }

    let node: Node
    let path: FieldPath
    let file: String

    /// The keys of a test that are no expectations.
    private static let others: Set<String> = ["description", "request", "wantMatch"]
    private static let mostRequests = 10_000

    func read() -> Result<RouteTestCase, Problem> {
        do throws(Problem) {
            let request = node["request"] ?? .mapping([:])
            let entries = (node.mapping?.entries ?? []).filter { !$0.value.isNull }
            return .success(
                RouteTestCase(
                    description: node["description"]?.string ?? "",
                    file: file,
                    position: node.position,
                    wantMatch: node["wantMatch"]?.bool ?? true,
                    requests: try requests(request),
                    client: RouteTestCase.Client(
                        namespace: request["namespace"]?.string,
                        sourceLabels: request["sourceLabels"]?.stringMap ?? [:],
                        gateway: request["gateway"]?.string
                    ),
                    expectations: entries.filter { !Self.others.contains($0.key) }.map {
                        RouteTestCase.Expectation(field: $0.key, position: $0.keyPosition, value: $0.value)
                    }
                )
            )
        } catch {
            return .failure(error)
        }
    }

    private func requests(_ request: Node) throws(Problem) -> [ExplainedRequest] {
        let authorities = request["authority"]?.strings ?? []
        let methods = request["method"]?.strings ?? ["GET"]
        let uris = request["uri"]?.strings ?? ["/"]
        let (pairs, overflow) = authorities.count.multipliedReportingOverflow(by: methods.count)
        let (count, overflowAgain) = pairs.multipliedReportingOverflow(by: uris.count)
        guard !overflow, !overflowAgain, count <= Self.mostRequests else {
            throw problem(
                "request",
                "the test stands for more than \(Self.mostRequests) requests",
                "split it"
            )
        }
        var requests: [ExplainedRequest] = []
        for uri in uris {
            let target = try target(uri, request)
            for authority in authorities {
                for method in methods {
                    var request = target
                    request.method = method
                    request.authority = authority
                    try check(request)
                    requests.append(request)
                }
            }
        }
        return requests
    }

    /// Everything of a request but method and authority.
    private func target(_ uri: String, _ request: Node) throws(Problem) -> ExplainedRequest {
        let text = uri.prefix { $0 != "#" }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first.map(String.init) ?? ""
        guard path.hasPrefix("/") else {
            throw problem(
                "uri",
                "the uri \"\(uri)\" does not begin with a slash",
                "it is a path, with or without a query"
            )
        }
        var pairs = parts.count == 2 ? [String(parts[1])] : []
        for entry in request["queryParams"]?.mapping?.entries ?? [] {
            pairs.append("\(Self.escaped(entry.key))=\(Self.escaped(entry.value.string ?? ""))")
        }
        return ExplainedRequest(
            method: "",
            scheme: request["scheme"]?.string ?? "http",
            authority: "",
            path: path,
            query: pairs.isEmpty ? nil : pairs.joined(separator: "&"),
            headers: (request["headers"]?.mapping?.entries ?? []).map {
                ExplainedRequest.Header(name: $0.key.lowercased(), value: $0.value.string ?? "")
            },
            user: request["user"]?.string
        )
    }

    private func check(_ request: ExplainedRequest) throws(Problem) {
        if request.method.isEmpty || !request.method.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            throw problem("method", "\"\(request.method)\" is no method", nil)
        }
        if request.authority.isEmpty
            || request.authority.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f || $0 == 0x2f })
        {
            throw problem(
                "authority",
                "\"\(request.authority)\" is no authority",
                "it is a host, with or without a port, as in the Host header"
            )
        }
    }

    private func problem(_ field: String, _ message: String, _ hint: String?) -> Problem {
        let place: FieldPath = field == "request" ? "request" : FieldPath([.key("request"), .key(field)])
        return Problem(
            diagnostic: Diagnostic(
                SchemaRule.badFormat.code(isIstio: false),
                .error,
                message,
                hint: hint,
                file: file,
                position: node.position(of: place),
                path: FieldPath(path.components + place.components)
            )
        )
    }

    /// Query parameters are compared as they are sent; what would end one is escaped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if byte <= 0x20 || byte >= 0x7f || "&#%=+".utf8.contains(byte) {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            } else {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return result
    }
}
