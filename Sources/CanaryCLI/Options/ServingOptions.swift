// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import ArgumentParser
import CanaryMesh
import CanaryProxy
import CanaryResources

/// How the proxy serves: threads, limits and patience.
struct ServingOptions: ParsableArguments {
    enum TraceFormat: String, ExpressibleByArgument, CaseIterable { case w3c, b3 }
    enum AccessLog: String, ExpressibleByArgument, CaseIterable { case off, text, json }

    /// The listeners of which an option speaks.
    enum ProxyProtocolPlace: String, ExpressibleByArgument, CaseIterable {
        case listen, gateways, services, all

        var listeners: [ListenerSpec.Kind] {
            switch self {
            case .listen: [.mesh]
            case .gateways: [.gateway]
            case .services: [.nodePort, .loadBalancer]
            case .all: [.mesh, .gateway, .nodePort, .loadBalancer]
            }
        }
    }

    @Option(
        help: ArgumentHelp(
            "Threads that serve requests; the cores of the machine where not given",
            valueName: "n"
        )
    )
    var workers: Int?

    @Option(help: ArgumentHelp("How long requests may take to finish while draining", valueName: "time"))
    var drainTimeout = TimeSpan(.seconds(30))

    @Option(
        help: ArgumentHelp(
            "Write a line per request to standard output: off, text or json",
            valueName: "form"
        )
    )
    var accessLog = AccessLog.off

    @Option(
        help: ArgumentHelp(
            "The labels of the clients, for sourceLabels in match conditions",
            valueName: "k=v,..."
        )
    )
    var sourceLabels: String?

    @Option(
        help: ArgumentHelp(
            "Have requests that belong to no trace begin one: w3c or b3; may be repeated",
            valueName: "form"
        )
    )
    var traceContext: [TraceFormat] = []

    @Option(help: ArgumentHelp("The part of such traces that are to be sampled", valueName: "percent"))
    var traceSampling: PercentageArgument?

    @Option(help: ArgumentHelp("The most bytes of a header section", valueName: "n"))
    var maxHeaderBytes = 65_536

    @Option(help: ArgumentHelp("The most fields of a header section", valueName: "n"))
    var maxHeaders = 100

    @Option(help: ArgumentHelp("The most client connections at a time", valueName: "n"))
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "Take on less as memory nears this, such as 512Mi; 0 for no limit",
            valueName: "size"
        )
    )
    var maxMemory: String?

    @Option(help: ArgumentHelp("How long a request's header section may take to arrive", valueName: "time"))
    var headerTimeout = TimeSpan(.seconds(30))

    @Option(help: ArgumentHelp("How long a client's connection may rest between requests", valueName: "time"))
    var idleTimeout = TimeSpan(.seconds(300))

    @Option(help: ArgumentHelp("How long a body may stall in either direction", valueName: "time"))
    var stallTimeout = TimeSpan(.seconds(60))

    @Option(
        help: ArgumentHelp(
            "Where clients are proxies that send PROXY headers: listen, gateways, services or all",
            valueName: "where"
        )
    )
    var acceptProxyProtocol: [ProxyProtocolPlace] = []

    @Option(
        help: ArgumentHelp(
            "How many proxies in front are believed what they say of clients",
            valueName: "n"
        )
    )
    var trustedProxies = 0

    @Option(
        help: ArgumentHelp("How old a client's connection may get; as old as it likes", valueName: "time")
    )
    var maxConnectionAge: TimeSpan?

    func validate() throws {
        guard (0...1000).contains(trustedProxies) else {
            throw ValidationError("--trusted-proxies must be within 0 and 1000\nleave it out for 0")
        }
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers must be within 1 and 1024\nleave it out for one for each core")
        }
        guard (1024...(1 << 24)).contains(maxHeaderBytes) else {
            throw ValidationError(
                "--max-header-bytes must be within 1024 and 16777216\nleave it out for 65536"
            )
        }
        guard (1...10_000).contains(maxHeaders) else {
            throw ValidationError("--max-headers must be within 1 and 10000\nleave it out for 100")
        }
        if let maxConnections, maxConnections <= 0 {
            throw ValidationError("--max-connections must be above 0\nleave it out for 16384")
        }
        guard maxMemory == nil || memoryLimit != nil else {
            throw ValidationError(
                "--max-memory must be a size of at least 0\nwrite it as in 512Mi, 2Gi or 800M"
            )
        }
        for (name, span) in [
            ("header-timeout", headerTimeout), ("idle-timeout", idleTimeout), ("stall-timeout", stallTimeout),
        ] where span.duration.milliseconds < 1 {
            throw ValidationError("--\(name) must be at least 1ms\nwrite a time with its unit, such as 30s")
        }
    }

    /// Bytes; `nil` for what is no size.
    private var memoryLimit: Int64? {
        maxMemory.flatMap { Quantity($0) }.flatMap { Int64(exactly: $0.value.rounded()) }.flatMap {
            $0 >= 0 ? $0 : nil
        }
    }

    func apply(to configuration: inout ProxyConfiguration) throws {
        configuration.workers = workers ?? Processors.count
        configuration.drainTimeout = Int64(drainTimeout.duration.milliseconds)
        configuration.limits.headBytes = maxHeaderBytes
        configuration.limits.fields = maxHeaders
        configuration.limits.trustedProxies = trustedProxies
        if let maxConnections { configuration.limits.connections = maxConnections }
        configuration.memoryLimit =
            maxMemory == nil ? ProcessMemory.limit : memoryLimit.flatMap { $0 > 0 ? $0 : nil }
        configuration.limits.headTimeout = Int64(headerTimeout.duration.milliseconds)
        configuration.limits.idleTimeout = Int64(idleTimeout.duration.milliseconds)
        configuration.limits.connectionAge = Int(maxConnectionAge?.duration.milliseconds ?? 0)
        configuration.limits.stallTimeout = Int64(stallTimeout.duration.milliseconds)
        configuration.proxyHeaderListeners = Set(acceptProxyProtocol.flatMap(\.listeners))
        for format in traceContext { configuration.traces.formats.insert(format == .w3c ? .w3c : .b3) }
        if let traceSampling { configuration.traces.sampling = traceSampling.value }
        switch accessLog {
        case .off: configuration.accessLog = .off
        case .text: configuration.accessLog = .text
        case .json: configuration.accessLog = .json
        }
    }
}
