// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import Glibc

@testable import CanaryProxy

/// A proxy on free ports with a Service `app`, drained when the value goes away.
final class TestProxy {
    let proxy: Proxy
    let identifiers = RoutingIdentifiers()

    /// `endpoints` are ports by version; `http` is the VirtualService's list of routes, `nil` for no VirtualService.
    init(
        _ endpoints: [(version: String, port: UInt16)],
        http: Value? = nil,
        resources: [Resource] = [],
        labels: [String: String] = [:],
        inheritance: Inheritance = Inheritance(),
        configure: (inout ProxyConfiguration) -> Void = { _ in },
        warn: @escaping Proxy.MessageHandler = { _ in },
        lookUp: @escaping Proxy.NameLookUp = Proxy.systemLookUp
    ) throws {
        var configuration = ProxyConfiguration()
        configuration.listen = ["127.0.0.1:0"]
        configuration.admin = nil
        configuration.drainTimeout = 5000
        configure(&configuration)
        proxy = try Proxy(
            configuration: configuration,
            identifiers: identifiers,
            inheritance: inheritance,
            warn: warn,
            lookUp: lookUp
        )
        proxy.install(Self.table(endpoints, http, resources, identifiers, labels: labels))
        try proxy.start()
    }

    deinit {
        stop()
    }

    /// Ends the proxy; a second time does nothing.
    func stop() {
        proxy.drain()
        proxy.wait()
    }

    var address: String { proxy.boundAddresses[0] }

    func connect() throws -> TestConnection { try TestConnection(to: address) }

    /// Sends one request on a connection of its own.
    func ask(_ request: String = "GET / HTTP/1.1\r\nHost: app\r\n\r\n") throws -> TestConnection.Message {
        let connection = try connect()
        try connection.send(request)
        return try connection.readMessage(isHead: request.hasPrefix("HEAD"))
    }

    static func table(
        _ endpoints: [(version: String, port: UInt16)],
        _ http: Value?,
        _ resources: [Resource],
        _ identifiers: RoutingIdentifiers,
        revision: Int64 = 1,
        labels: [String: String] = [:]
    ) -> RoutingTable {
        var all = [
            resource(.service, "app", ["spec": ["selector": ["app": "app"], "ports": [["port": 80]]]])
        ]
        for (version, port) in endpoints {
            let spec: Value = [
                "address": "127.0.0.1", "ports": ["http": .integer(Int64(port))],
                "labels": ["app": "app", "version": .text(version)],
            ]
            all.append(resource(.workloadEntry, "app-\(version)-\(port)", ["spec": spec]))
        }
        if let http {
            all.append(resource(.virtualService, "app", ["spec": ["hosts": ["app"], "http": http]]))
        }
        let snapshot = ClusterSnapshot(revision: revision, all + resources)
        return RoutingTableBuilder(
            snapshot: snapshot,
            namespace: "default",
            sourceLabels: labels,
            identifiers: identifiers
        ).table()
    }

    static func resource(_ kind: ResourceKind, _ name: String, _ body: Value) -> Resource {
        Resource(key: ResourceKey(kind, namespace: "default", name: name), body: body.node)
    }

    /// A route list that sends everything to one version, with further fields.
    static func route(_ version: String = "v1", _ fields: [(String, Value)] = []) -> Value {
        let destination: Value = ["destination": ["host": "app", "subset": .text(version)]]
        return .list([.object([("route", .list([destination]))] + fields)])
    }

    static func split(_ weights: [(String, Int64)]) -> Value {
        .list([
            .object([
                (
                    "route",
                    .list(
                        weights.map {
                            [
                                "destination": ["host": "app", "subset": .text($0.0)],
                                "weight": .integer($0.1),
                            ]
                        }
                    )
                )
            ])
        ])
    }
}

/// A value of a manifest, as a literal.
indirect enum Value: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    case text(String)
    case integer(Int64)
    case flag(Bool)
    case list([Value])
    case object([(String, Value)])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: Value...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Value)...) { self = .object(elements) }

    var node: Node {
        switch self {
        case .text(let text): Node(.string(text))
        case .integer(let number): Node(.integer(number))
        case .flag(let flag): Node(.bool(flag))
        case .list(let values): Node(.sequence(values.map(\.node)))
        case .object(let fields):
            Node(.mapping(Mapping(fields.map { Mapping.Entry(key: $0.0, value: $0.1.node) })))
        }
    }
}
