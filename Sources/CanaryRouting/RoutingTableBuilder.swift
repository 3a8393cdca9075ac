// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

/// Makes routing tables, and keeps what it needs to make the next one cheaply: a change compiles only the hosts that it
/// touches, all others are shared with the table before.
package struct RoutingTableBuilder: Sendable {
    /// What the current table is made from.
    package private(set) var snapshot: ClusterSnapshot
    private let scope: ClientScope
    private let identifiers: RoutingIdentifiers
    private var mesh = DomainIndex()
    private var meshHosts: [String: VirtualHostTable] = [:]
    private var gateways: [GatewayListener] = []
    /// Services of type NodePort or LoadBalancer.
    private var openServices: Set<ResourceKey> = []
    /// By the full names of the Services that ask for it.
    private var healthChecks: [String: [HealthCheckTarget]] = [:]

    /// Compiles all hosts of a snapshot, seen by a client in `namespace` that carries `sourceLabels`.
    package init(
        snapshot: ClusterSnapshot,
        namespace: String,
        sourceLabels: [String: String] = [:],
        identifiers: RoutingIdentifiers
    ) {
        self.snapshot = snapshot
        self.identifiers = identifiers
        scope = ClientScope(namespace: namespace, labels: sourceLabels)
        for resource in snapshot.resources where resource.opensListeners { openServices.insert(resource.key) }
        compileMesh(listedHosts())
        compileGateways()
    }

    /// Takes over a change: objects that are new or different, and objects that are gone.
    package mutating func apply(changed: [Resource], removed: [ResourceKey], revision: Int64) {
        var affected = AffectedHosts()
        let old = (changed.map(\.key) + removed).compactMap { snapshot.resource($0) }
        for resource in old { affected.add(resource, in: snapshot) }
        for key in removed { snapshot.remove(key) }
        for resource in changed { snapshot.insert(resource) }
        // Once more with the new state: an object may have been made together with those that lead to it.
        var later = AffectedHosts()
        for resource in old + changed { later.add(resource, in: snapshot) }
        for resource in old { openServices.remove(resource.key) }
        for resource in changed where resource.opensListeners { openServices.insert(resource.key) }
        snapshot.revision = revision

        var hosts = affected.hosts.union(later.hosts)
        if affected.includesAll || later.includesAll {
            hosts = hosts.union(meshHosts.keys).union(listedHosts())
        }
        compileMesh(hosts)
        if affected.includesGateways || later.includesGateways || affected.includesAll || later.includesAll {
            compileGateways()
        } else {
            for position in gateways.indices { gateways[position].compile(hosts, snapshot, identifiers) }
        }
    }

    /// Takes over which addresses fail the checks that Services ask for; the revision stays.
    package mutating func apply(failing: Set<EndpointAddress>) {
        let names = Set(failing.map(\.description))
        let changed = names.symmetricDifference(snapshot.failingAddresses)
        snapshot.failingAddresses = names
        let services = healthChecks.filter { entry in
            entry.value.contains { changed.contains($0.address.description) }
        }.keys.compactMap(checkedService)
        apply(changed: services, removed: [], revision: snapshot.revision)
    }

    private func checkedService(_ host: String) -> Resource? {
        guard let (name, namespace) = HostName.service(of: host),
            let service = snapshot.resource(ResourceKey(.service, namespace: namespace, name: name)),
            service.metadata.annotations[HealthCheckPolicy.annotation] != nil
        else { return nil }
        return service
    }

    /// The listeners of a Gateway, positions in the table's list.
    package func listeners(of gateway: GatewayReference) -> [Int32] {
        gateways.indices.filter { index in gateways[index].servers.contains { $0.gateway == gateway } }
            .map { Int32(clamping: $0 + 1) }
    }

    /// Why a match block of an object in `namespace` plays no part at a listener; `nil` where it does.
    package func exclusion(of match: HTTPMatch, in namespace: String, listener: Int32) -> MatchExclusion? {
        compiler(listener: listener).exclusion(of: match, in: namespace)
    }

    /// The same for a block of a TCP route, and a port.
    package func exclusion(of match: L4Match, port: Int, in namespace: String, listener: Int32)
        -> MatchExclusion?
    {
        compiler(listener: listener).exclusion(of: match, port: port, in: namespace)
    }

    /// What compiles a listener's hosts.
    package func compiler(listener: Int32) -> VirtualHostCompiler {
        let index = Int(listener) - 1
        return gateways.indices.contains(index)
            ? gateways[index].compiler(snapshot, identifiers)
            : VirtualHostCompiler(snapshot: snapshot, scope: scope, identifiers: identifiers, position: .mesh)
    }

    /// The table of the current snapshot.
    package func table() -> RoutingTable {
        var listeners = [RoutingTable.Listener(spec: .mesh, hosts: mesh)]
        listeners += gateways.map {
            RoutingTable.Listener(
                spec: $0.spec,
                hosts: $0.index,
                only: $0.spec.isOpaque ? $0.connections : nil,
                connections: $0.connections,
                tls: $0.tls
            )
        }
        let services = openServices.compactMap { snapshot.resource($0) }.sorted(by: Resource.isOlder)
        for service in services { listeners += serviceListeners(service) }
        let checks = healthChecks.sorted { $0.key < $1.key }.flatMap(\.value)
        return RoutingTable(revision: snapshot.revision, listeners: listeners, healthChecks: checks)
    }

    private mutating func compileMesh(_ hosts: Set<String>) {
        let compiler = VirtualHostCompiler(
            snapshot: snapshot,
            scope: scope,
            identifiers: identifiers,
            position: .mesh
        )
        var old: [VirtualHostTable] = []
        var new: [VirtualHostTable] = []
        for host in hosts {
            healthChecks[host] = checkedService(host).map(snapshot.healthChecks)
            if let table = meshHosts.removeValue(forKey: host) { old.append(table) }
            guard let table = compiler.meshHost(host) else { continue }
            meshHosts[host] = table
            new.append(table)
        }
        mesh.update(removing: old, adding: new)
    }

    private mutating func compileGateways() {
        gateways = GatewayListener.all(in: snapshot)
        var bound = BoundHosts(snapshot)
        for position in gateways.indices {
            let hosts = gateways[position].candidates(among: &bound)
            gateways[position].compile(hosts, snapshot, identifiers)
        }
    }

    /// Every host that an object defines or a VirtualService names.
    private func listedHosts() -> Set<String> {
        var hosts: Set<String> = []
        for resource in snapshot.resources {
            switch resource.spec {
            case .service: hosts.insert(HostName.service(resource.name, namespace: resource.namespace))
            case .serviceEntry(let entry): hosts.formUnion(entry.hosts.map { $0.lowercased() })
            case .virtualService(let virtualService):
                for host in virtualService.hosts {
                    hosts.insert(HostName.resolve(host, namespace: resource.namespace))
                }
            default: break
            }
        }
        return hosts
    }

    /// One listener for each port that the Service opens outside of the mesh; it takes any authority and routes to this host.
    private func serviceListeners(_ resource: Resource) -> [RoutingTable.Listener] {
        let name = HostName.service(resource.name, namespace: resource.namespace)
        guard let service = resource.service, let table = meshHosts[name] else { return [] }
        let host = VirtualHostHandle(record: table.record)
        var listeners: [RoutingTable.Listener] = []
        func add(_ kind: ListenerSpec.Kind, _ number: Int, _ port: Service.Port) {
            guard (1...65535).contains(number), port.transport == "TCP" else { return }
            let spec = ListenerSpec(
                kind: kind,
                bind: nil,
                port: number,
                origin: resource.key,
                portName: port.name,
                requestPort: Int32(clamping: port.port),
                isOpaque: host.isOpaque(port: Int32(clamping: port.port)),
                asksForName: host.asksForName(port: Int32(clamping: port.port))
            )
            listeners.append(RoutingTable.Listener(spec: spec, hosts: DomainIndex(), only: table))
        }
        for port in service.ports {
            if service.type == "LoadBalancer" { add(.loadBalancer, port.port, port) }
            // Without a number a cluster would draw one, which nobody could know here.
            if let nodePort = port.nodePort { add(.nodePort, nodePort, port) }
        }
        return listeners
    }
}

extension Resource {
    fileprivate var opensListeners: Bool {
        service.map { $0.type == "NodePort" || $0.type == "LoadBalancer" } ?? false
    }
}
