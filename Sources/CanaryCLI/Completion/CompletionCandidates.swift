// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryInsight
import CanaryMesh
import CanaryResources
import CanaryStore

/// The words that may stand at a place of a command line; the shell takes those that begin with what was typed.
struct CompletionCandidates {
    let line: CompletedLine
    let surroundings: Surroundings

    func all(of subject: Completion.Subject) throws -> [String] {
        switch subject {
        case .host: try line.arguments.isEmpty ? hosts() : []
        case .hostOrObject: try hostsOrObjects()
        case .service: try line.arguments.isEmpty ? services() : []
        case .objects(let all): try objects(all ? ["all", "events"] : [])
        case .hostOrDeployment:
            try line.arguments.isEmpty ? hosts() + (line.word.isEmpty ? [] : deployments()) : []
        case .deployments: try deployments()
        case .namespace: try namespaces()
        case .gateway:
            try read { try $0.keys(kind: .gateway) }.map { "\($0.namespace)/\($0.name)" }
        case .version: try versions()
        case .route: try routes()
        case .revision: try revisions()
        case .helpTopic: helpTopics()
        case .endpoint: try endpoints()
        case .request: try requests()
        }
    }

    // MARK: - Objects

    private func hostsOrObjects() throws -> [String] {
        guard line.arguments.isEmpty, !line.word.contains("/") else { return try objects([]) }
        return try hosts() + (line.word.isEmpty ? [] : ResourceKind.allCases.map(\.plural))
    }

    /// Kinds, the names of the kinds before, or both in one word.
    private func objects(_ others: [String]) throws -> [String] {
        if let first = line.arguments.first, !first.contains("/") {
            let kinds = first.split(separator: ",").compactMap { ResourceKind(named: String($0)) }
            return try kinds.flatMap(names).filter { !line.arguments.dropFirst().contains($0) }
        }
        if let slash = line.word.firstIndex(of: "/") {
            let kind = String(line.word[..<slash])
            return try ResourceKind(named: kind).map(names)?.map { "\(kind)/\($0)" } ?? []
        }
        guard line.arguments.isEmpty else { return [] }
        let before = line.word.lastIndex(of: ",").map { String(line.word[...$0]) } ?? ""
        return (ResourceKind.allCases.map(\.plural) + others).map { before + $0 }
    }

    private func deployments() throws -> [String] {
        let isBehindKind = line.arguments.first?.contains("/") == false
        guard !isBehindKind, !line.word.contains("/") else { return try objects([]) }
        return try names(of: .deployment).map { "deployment/\($0)" }.filter { !line.arguments.contains($0) }
    }

    private func names(of kind: ResourceKind) throws -> [String] {
        let namespace = try kind.isNamespaced ? settings().namespace : nil
        let stored = try read { try $0.keys(kind: kind, namespace: namespace) }.map(\.name)
        return try kind == .pod ? stored + runningPods(namespace) : stored
    }

    private func runningPods(_ namespace: String?) throws -> [String] {
        var context = StoreContext.system
        context.lockTimeoutMilliseconds = Self.patienceMilliseconds
        let location = StoreLocation(try settings().storeDirectory)
        return try RuntimeStore(at: location, context: context) { _ in }.livePods()
            .filter { namespace == nil || $0.namespace == namespace }.map(\.name)
    }

    /// Those that objects are in, and those that were made.
    private func namespaces() throws -> [String] {
        let made = try read { try $0.keys(kind: .namespace) }.map(\.name)
        return Set(try read { try $0.namespaces() } + made).sorted()
    }

    // MARK: - Hosts

    private func services() throws -> [String] {
        try read { try $0.keys(kind: .service) }.map {
            try typed(HostName.service($0.name, namespace: $0.namespace))
        }
    }

    private func hosts() throws -> [String] {
        let named = try read { try $0.tokens(beginningWith: "host:") }.map {
            try typed(String($0.dropFirst("host:".count)))
        }
        return Set(try services() + named).sorted()
    }

    /// A host as people type it: those of the namespace without it, unless they began to.
    private func typed(_ host: String) throws -> String {
        guard let service = HostName.service(of: host) else { return host }
        let isNear = try service.namespace == settings().namespace && !line.word.contains(".")
        return isNear ? service.name : "\(service.name).\(service.namespace)"
    }

    // MARK: - What a host has

    /// The versions of the host that no argument names yet.
    private func versions() throws -> [String] {
        guard let host = line.arguments.first, !line.word.contains("=") else { return [] }
        let given = line.arguments.dropFirst()
        // A version alone is followed by its share.
        guard given.allSatisfy({ $0.contains("=") }) else { return [] }
        let named = Set(given.map { String($0.prefix { $0 != "=" }) })
        let (snapshot, name, namespace) = try closure(of: host)
        return WeightPlanner(snapshot, host: name, namespace: namespace).versions(in: line.option("--route"))
            .filter { !named.contains($0) }
    }

    private func routes() throws -> [String] {
        guard let host = line.arguments.first else { return [] }
        let (snapshot, name, namespace) = try closure(of: host)
        let routes = snapshot.routes(of: name, namespace: namespace)
        let counts = Dictionary(routes.map { ($0.name, 1) }, uniquingKeysWith: +)
        return routes.map {
            counts[$0.name] == 1 && ShellWord.isPlain($0.name) ? $0.name : String($0.number)
        }
    }

    private func revisions() throws -> [String] {
        guard let host = line.arguments.first else { return [] }
        let namespace = try settings().namespace
        return try view { view in
            let name = try view.host(named: host, namespace: namespace)
            return try view.history(of: name).map { String($0.revision) }
        }
    }

    private func endpoints() throws -> [String] {
        guard let host = line.arguments.first else { return [] }
        let name = HostName.fromUser(host, namespace: try settings().namespace)
        guard let service = HostName.service(of: name) else { return [] }
        return try view { view in
            let key = ResourceKey(.service, namespace: service.namespace, name: service.name)
            guard let resource = try view.resource(key) else { return [] }
            return try DeregisterCommand.entries(of: resource, in: view).compactMap(\.workloadEntry).flatMap {
                entry -> [String] in
                // One in brackets would be a pattern to the shell.
                guard let address = entry.address, !address.contains(":") else { return [] }
                let ports = Set(entry.ports.values).sorted()
                return ports.isEmpty ? [address] : ports.map { "\(address):\($0)" }
            }
        }
    }

    private func requests() throws -> [String] {
        let scheme = line.word.hasPrefix("http:") ? "http://" : ""
        let urls = try hosts().filter { !HostName.isWildcard($0) }.map { "\(scheme)\($0)/" }
        switch line.arguments.count {
        case 0: return RequestOptions.methods + urls
        case 1 where RequestOptions.methods.contains(line.arguments[0]): return urls
        default: return []
        }
    }

    private func closure(of host: String) throws -> (ClusterSnapshot, host: String, namespace: String) {
        let namespace = try settings().namespace
        return try view { view in
            let name = try view.host(named: host, namespace: namespace)
            return (try view.closure(of: [name]), name, namespace)
        }
    }

    // MARK: - Help

    private func helpTopics() -> [String] {
        if line.arguments.first == HelpTopic.rule.rawValue {
            let codes = RulePage.all.flatMap { [$0.code.canary, $0.code.istio].compactMap(\.self) }
            return Set(codes).sorted()
        }
        guard line.arguments.isEmpty else { return [] }
        let commands = CanaryCtl.configuration.subcommands.compactMap { $0.configuration.commandName }
        return commands + HelpTopic.allCases.map(\.rawValue)
    }

    // MARK: - The store

    /// Nobody waits long for a completion.
    private static let patienceMilliseconds: Int64 = 200

    private func read<Value>(_ body: (StoreReader) throws -> [Value]) throws -> [Value] {
        try view { try $0.reader.map(body) ?? [] }
    }

    private func view<Value>(_ body: (StoredCluster) throws -> Value) throws -> Value {
        var context = StoreContext.system
        context.lockTimeoutMilliseconds = Self.patienceMilliseconds
        let location = StoreLocation(try settings().storeDirectory)
        guard let store = try ClusterStore.openExisting(at: location, context: context) else {
            return try body(StoredCluster(reader: nil))
        }
        return try store.read { try body(StoredCluster(reader: $0)) }
    }

    private func settings() throws -> Settings {
        var words: [String] = []
        if let store = line.option("--store") { words.append("--store=\(store)") }
        if let namespace = line.option("-n", "--namespace") { words.append("--namespace=\(namespace)") }
        return try Settings(GlobalOptions.parse(words), surroundings)
    }
}
