// SPDX-License-Identifier: Apache-2.0

/// An Istio VirtualService: which request of a host goes where.
package struct VirtualService: Sendable {
    /// Empty for a delegate.
    package var hosts: [String]
    /// Empty means `mesh`.
    package var gateways: [String]
    package var http: [HTTPRoute]
    /// By the name that clients ask for.
    package var tlsRoutes: [L4Route]
    package var tcpRoutes: [L4Route]
    package var exportTo: [String]

    package var isDelegate: Bool { hosts.isEmpty }

    /// The reserved gateway name that stands for traffic inside the mesh.
    package static let mesh = "mesh"

    package var boundGateways: [String] { gateways.isEmpty ? [Self.mesh] : gateways }

    init(_ body: Node) {
        let spec = body["spec"]
        hosts = spec?["hosts"]?.strings ?? []
        gateways = spec?["gateways"]?.strings ?? []
        let routes = spec?["http"]?.items ?? []
        let identities = RouteIdentity.all(routes)
        http = routes.indices.map { HTTPRoute(routes[$0], identity: identities[$0]) }
        tlsRoutes = spec?["tls"]?.items.map(L4Route.init) ?? []
        tcpRoutes = spec?["tcp"]?.items.map(L4Route.init) ?? []
        exportTo = spec?["exportTo"]?.strings ?? []
    }
}

package struct Destination: Hashable, Sendable {
    /// As written; resolve it with the VirtualService's namespace.
    package var host: String
    package var subset: String?
    package var port: Int?

    package init(host: String, subset: String? = nil, port: Int? = nil) {
        self.host = host
        self.subset = subset
        self.port = port
    }

    package init(_ node: Node?) {
        host = node?["host"]?.string ?? ""
        subset = node?["subset"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        port = node?["port"]?["number"]?.integer.map { Int($0) }
    }
}

package struct WeightedDestination: Sendable {
    package var destination: Destination
    /// Relative; `nil` where the manifest leaves it out, which counts as zero among several destinations.
    package var weight: Int?
    package var headers: HeaderChanges

    init(_ node: Node) {
        destination = Destination(node["destination"])
        weight = node["weight"]?.integer.map { Int($0) }
        headers = HeaderChanges(node["headers"])
    }
}

package struct HTTPRoute: Sendable {
    /// What makes it the same route after a change of its VirtualService: ``RouteIdentity``.
    package var identity: String
    package struct Delegate: Hashable, Sendable {
        package var name: String
        /// `nil` is the delegating VirtualService's own.
        package var namespace: String?
    }

    package var name: String
    /// Empty means any request.
    package var matches: [HTTPMatch]
    package var destinations: [WeightedDestination]
    @Rare package var redirect: HTTPRedirect?
    @Rare package var directResponse: HTTPDirectResponse?
    @Rare package var delegate: Delegate?
    @Rare package var rewrite: HTTPRewrite?
    package var headers: HeaderChanges
    package var timeout: Duration?
    @Rare package var retries: HTTPRetry?
    @Rare package var fault: HTTPFault?
    @Rare package var mirror: Destination?
    /// The percentage of ``mirror`` alone; `nil` is all requests.
    package var mirrorPercentage: Percentage?
    /// As written; see ``effectiveMirrors``.
    package var mirrors: [HTTPMirror]
    @Rare package var corsPolicy: CorsPolicy?

    init(_ node: Node, identity: String = "") {
        self.identity = identity
        name = node["name"]?.string ?? ""
        matches = node["match"]?.items.map(HTTPMatch.init) ?? []
        destinations = node["route"]?.items.map(WeightedDestination.init) ?? []
        redirect = node["redirect"].map(HTTPRedirect.init)
        directResponse = node["directResponse"].map(HTTPDirectResponse.init)
        delegate = node["delegate"].map {
            Delegate(name: $0["name"]?.string ?? "", namespace: $0["namespace"]?.string)
        }
        rewrite = node["rewrite"].map(HTTPRewrite.init)
        headers = HeaderChanges(node["headers"])
        timeout = Duration(node["timeout"])
        retries = node["retries"].map(HTTPRetry.init)
        fault = node["fault"].map(HTTPFault.init)
        mirror = node["mirror"].map(Destination.init)
        mirrorPercentage =
            Percentage(istio: node["mirrorPercentage"])
            ?? Percentage(whole: node["mirrorPercent"] ?? node["mirror_percent"])
        mirrors = node["mirrors"]?.items.map(HTTPMirror.init) ?? []
        corsPolicy = node["corsPolicy"].map(CorsPolicy.init)
    }
}

package enum StringMatch: Hashable, Sendable {
    case exact(String)
    case prefix(String)
    /// RE2; must match the whole text.
    case regex(String)
    /// `{}`: any value, as long as there is one.
    case present

    package static func == (left: StringMatch, right: StringMatch) -> Bool {
        switch (left, right) {
        case (.exact(let left), .exact(let right)), (.prefix(let left), .prefix(let right)),
            (.regex(let left), .regex(let right)):
            left.hasSameBytes(as: right)
        case (.present, .present): true
        default: false
        }
    }

    init(_ node: Node) {
        if let text = node["exact"]?.string {
            self = .exact(text)
        } else if let text = node["prefix"]?.string {
            self = .prefix(text)
        } else if let text = node["regex"]?.string {
            self = .regex(text)
        } else {
            self = .present
        }
    }
}

/// One match block: all of its conditions must hold.
package struct HTTPMatch: Sendable {
    package var name: String
    package var uri: StringMatch?
    @Rare package var scheme: StringMatch?
    @Rare package var method: StringMatch?
    @Rare package var authority: StringMatch?
    package var headers: [String: StringMatch]
    package var withoutHeaders: [String: StringMatch]
    package var queryParams: [String: StringMatch]
    package var ignoreURICase: Bool
    package var port: Int?
    package var sourceLabels: [String: String]
    package var sourceNamespace: String?
    package var gateways: [String]

    /// Without conditions.
    package static let any = HTTPMatch(Node.mapping([:]))

    package init(_ node: Node) {
        func match(_ key: String) -> StringMatch? { node[key].map(StringMatch.init) }
        func matches(_ key: String) -> [String: StringMatch] {
            let entries = node[key]?.mapping?.entries ?? []
            return Dictionary(entries.map { ($0.key, StringMatch($0.value)) }) { _, last in last }
        }
        name = node["name"]?.string ?? ""
        uri = match("uri")
        scheme = match("scheme")
        method = match("method")
        authority = match("authority")
        headers = matches("headers")
        withoutHeaders = matches("withoutHeaders")
        queryParams = matches("queryParams")
        ignoreURICase = node["ignoreUriCase"]?.bool ?? false
        port = node["port"]?.integer.flatMap { $0 == 0 ? nil : Int($0) }
        sourceLabels = node["sourceLabels"]?.stringMap ?? [:]
        sourceNamespace = node["sourceNamespace"]?.string
        gateways = node["gateways"]?.strings ?? []
    }
}

package struct HTTPRedirect: Sendable {
    package enum Port: Sendable {
        case number(Int)
        case fromProtocolDefault
        case fromRequestPort
    }

    package var uri: String?
    package var prefixRewrite: String?
    package var authority: String?
    package var port: Port?
    package var scheme: String?
    /// 301 unless given.
    package var code: Int

    init(_ node: Node) {
        uri = node["uri"]?.string
        prefixRewrite = node["prefixRewrite"]?.string
        authority = node["authority"]?.string
        scheme = node["scheme"]?.string
        code = node["redirectCode"]?.integer.flatMap { $0 == 0 ? nil : Int($0) } ?? 301
        if let number = node["port"]?.integer {
            port = .number(Int(number))
        } else {
            switch node["derivePort"]?.string {
            case "FROM_PROTOCOL_DEFAULT": port = .fromProtocolDefault
            case "FROM_REQUEST_PORT": port = .fromRequestPort
            default: port = nil
            }
        }
    }
}

package struct HTTPDirectResponse: Sendable {
    package enum Body: Sendable {
        case text(String)
        /// Base64, as written.
        case base64(String)
    }

    package var status: Int
    package var body: Body?

    init(_ node: Node) {
        status = node["status"]?.integer.map { Int($0) } ?? 0
        if let text = node["body"]?["string"]?.string {
            body = .text(text)
        } else if let bytes = node["body"]?["bytes"]?.string {
            body = .base64(bytes)
        } else {
            body = nil
        }
    }
}

package struct HTTPRewrite: Sendable {
    package struct Regex: Sendable {
        package var match: String
        /// With `\1` for groups, `\0` for the whole match.
        package var rewrite: String
    }

    package var uri: String?
    package var authority: String?
    package var regex: Regex?

    init(_ node: Node) {
        uri = node["uri"]?.string
        authority = node["authority"]?.string
        regex = node["uriRegexRewrite"].map {
            Regex(match: $0["match"]?.string ?? "", rewrite: $0["rewrite"]?.string ?? "")
        }
    }
}

package struct HTTPRetry: Sendable {
    /// Retries, not tries; zero disables them.
    package var attempts: Int
    package var perTryTimeout: Duration?
    package var backoff: Duration?
    /// Envoy's names, separated by commas; `nil` is Istio's default set.
    package var retryOn: String?
    /// Whether a retry may go to endpoints of other localities.
    package var includesRemoteLocalities: Bool
    /// Whether a retry avoids the endpoints that were tried; `nil` where the manifest leaves it to Istio: yes, but where a hash
    /// chooses them.
    package var ignoresPreviousHosts: Bool?

    init(_ node: Node) {
        attempts = node["attempts"]?.integer.map { Int($0) } ?? 0
        perTryTimeout = Duration(node["perTryTimeout"])
        backoff = Duration(node["backoff"])
        retryOn = node["retryOn"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        includesRemoteLocalities = node["retryRemoteLocalities"]?.bool ?? false
        ignoresPreviousHosts = node["retryIgnorePreviousHosts"]?.bool
    }
}
