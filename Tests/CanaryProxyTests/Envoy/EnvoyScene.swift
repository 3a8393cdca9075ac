// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanaryRouting
import CanarySystem
import CanaryTestSupport

@testable import CanaryProxy

/// Envoy and the proxy side by side, before the same origins and with the same objects.
final class EnvoyScene {
    let origins: EchoOrigins
    private let table: RoutingTable
    private let identifiers = RoutingIdentifiers()
    private let proxy: Proxy
    private let envoy: EnvoyProcess
    /// The gateway's port: the proxy has it at one address of this machine, Envoy at another.
    let gatewayPort: UInt16
    /// Where Envoy finds what Secrets hold.
    private let secrets: ScratchDirectory
    private var connections: [String: TestConnection] = [:]
    /// How often Envoy gave each status, to see that requests meet all kinds of routes.
    private(set) var statuses: [Int: Int] = [:]

    static let proxyHost = "127.0.0.1"
    static let envoyHost = "127.0.0.2"

    private let log: LoggedRequests?
    /// What Envoy could not be told.
    let warnings: [String]

    /// Makes objects from the origins and the gateway's port. `changes` are texts of Envoy's configuration, and what stands in
    /// their place.
    init(
        labels: [String: String] = [:],
        logsRequests: Bool = false,
        changing changes: [String: String] = [:],
        _ objects: (EchoOrigins, _ gatewayPort: Int64) -> [Resource]
    ) throws {
        origins = try EchoOrigins()
        gatewayPort = try TestOrigin.unusedPort()
        let snapshot = ClusterSnapshot(revision: 1, objects(origins, Int64(gatewayPort)))
        table = RoutingTableBuilder(
            snapshot: snapshot,
            namespace: "default",
            sourceLabels: labels,
            identifiers: identifiers
        ).table()
        var configuration = ProxyConfiguration()
        configuration.listen = ["\(Self.proxyHost):0"]
        configuration.admin = nil
        configuration.workers = 1
        log = logsRequests ? try LoggedRequests() : nil
        log?.configure(&configuration)
        proxy = try Proxy(configuration: configuration, identifiers: identifiers)
        proxy.install(table)
        try proxy.start()
        secrets = try ScratchDirectory()
        let exported = Self.export(snapshot, labels: labels, secrets: secrets.path)
        for file in exported.files {
            let directory = file.path.split(separator: "/").dropLast().joined(separator: "/")
            try FileWriter.makeDirectory(secrets.path(directory)).get()
            let content = file.content.withBytes { Array($0) }
            _ = try FileWriter.replace(path: secrets.path(file.path), with: content).get()
        }
        warnings = exported.warnings
        envoy = try EnvoyProcess(
            exported,
            logsRequests: logsRequests,
            changing: changes
        )
    }

    deinit {
        proxy.drain()
        proxy.wait()
    }

    static func export(
        _ snapshot: ClusterSnapshot,
        labels: [String: String] = [:],
        secrets: String = "secrets"
    ) -> EnvoyConfiguration {
        let exporter = EnvoyExporter(
            snapshot: snapshot,
            namespace: "default",
            sourceLabels: labels,
            secrets: secrets
        )
        return exporter.configuration(
            EnvoyConfiguration.Addresses(
                mesh: [EnvoyConfiguration.Address(host: envoyHost, port: 0)],
                bind: envoyHost,
                admin: EnvoyConfiguration.Address(host: envoyHost, port: 0)
            )
        )
    }

    /// Sends a request through both; how one of them or the table differs, `nil` where none does.
    func difference(_ request: GeneratedRequest) throws -> String? {
        let isGateway = request.place.listener == "gateway"
        let verdict = TableVerdict(request, table, identifiers, listener: isGateway ? 1 : 0, origins: origins)
        var theirs = try throughEnvoy(request)
        statuses[theirs.status, default: 0] += 1
        if let objection = verdict.objection(to: theirs) {
            return "\(request)\n  Envoy has \(objection)\n  Envoy \(theirs)"
        }
        var ours = try throughProxy(request)
        // Destinations may differ in their headers: the proxy has to meet the same one.
        for _ in 0..<500 where ours != theirs && verdict.mayVary {
            if let objection = verdict.objection(to: ours) {
                return "\(request)\n  the proxy has \(objection)\n  proxy \(ours)"
            }
            ours = try throughProxy(request)
        }
        if verdict.mayIntervene, theirs.origin.isEmpty {
            ours.forgetValues()
            theirs.forgetValues()
        }
        return ours == theirs ? nil : "\(request)\n  Envoy \(theirs)\n  proxy \(ours)"
    }

    /// Status and flags of all requests, as both log them; the proxy ends by that.
    func flags() throws -> (envoy: [String], proxy: [String]) {
        proxy.drain()
        proxy.wait()
        let ours = log?.outcomes() ?? []
        return (envoy.loggedRequests(count: ours.count), ours)
    }

    /// Envoy decides about ejections in a thread of its own: waits until that has come to all that was told it, and what it
    /// made of that to the workers.
    func settle(_ barrier: GeneratedRequest) throws {
        _ = envoy.adminPage("/ready")
        _ = try throughEnvoy(barrier)
    }

    func throughEnvoy(_ request: GeneratedRequest) throws -> Outcome {
        let mesh = envoy.listeners["mesh"] ?? ""
        return try send(
            request,
            to: request.place.listener == "mesh" ? mesh : "\(Self.envoyHost):\(gatewayPort)"
        )
    }

    func throughProxy(_ request: GeneratedRequest) throws -> Outcome {
        let mesh = proxy.boundAddresses[0]
        return try send(
            request,
            to: request.place.listener == "mesh" ? mesh : "\(Self.proxyHost):\(gatewayPort)"
        )
    }

    /// Connections of their own to the listener of the mesh, of both.
    func connectToEnvoy() throws -> TestConnection { try TestConnection(to: envoy.listeners["mesh"] ?? "") }
    func connectToProxy() throws -> TestConnection { try TestConnection(to: proxy.boundAddresses[0]) }

    private func send(_ request: GeneratedRequest, to address: String) throws -> Outcome {
        let connection = try connections[address] ?? TestConnection(to: address)
        connections[address] = connection
        try connection.send(request.text)
        let message = try connection.readMessage()
        if message.field("connection") == "close" { connections[address] = nil }
        return Outcome(message)
    }
}
