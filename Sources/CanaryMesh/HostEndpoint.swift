// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// An endpoint of a host at one of its ports.
package struct HostEndpoint: Sendable {
    package var address: EndpointAddress
    package var labels: [String: String]
    /// Relative, at least 1.
    package var weight: Int
    /// What its object says of it.
    package var isAnnounced: Bool
    /// Whether it fails the checks of a proxy.
    package var isFailing = false
    package var locality: Locality

    /// Whether it may get requests.
    package var isReady: Bool { isAnnounced && !isFailing }
}

extension [HostEndpoint] {
    /// Of each address the first.
    var ofDistinctAddresses: [HostEndpoint] {
        var seen: Set<EndpointAddress> = []
        return filter { seen.insert($0.address).inserted }
    }
}

extension ClusterSnapshot {
    /// The endpoints of a host at a port: WorkloadEntries and pods that its selector selects, endpoints of ServiceEntries,
    /// Endpoints and EndpointSlices; those that carry all the labels. Of a repeated address the first counts.
    ///
    /// Pods count once `status.podIP` is set: whoever runs pods puts them into the snapshot with their status, and a change of
    /// readiness is a changed pod.
    package func endpoints(of service: HostService, port: HostService.Port, labels: [String: String] = [:])
        -> [HostEndpoint]
    {
        candidates(of: service, port: port, among: workloads(of: service))
            .filter { $0.labels.contains(all: labels) }.ofDistinctAddresses
    }

    /// The endpoints of a host at a port, whatever their labels, addresses repeated; `workloads` are those of the host.
    func candidates(of service: HostService, port: HostService.Port, among workloads: [Resource])
        -> [HostEndpoint]
    {
        var endpoints = workloads.compactMap { endpoint(of: $0, service, port) }
        for entry in service.entries { endpoints += entryEndpoints(entry, service, port) }
        if service.entries.isEmpty { endpoints += listedEndpoints(service, port) }
        guard service.isChecked, !failingAddresses.isEmpty else { return endpoints }
        for index in endpoints.indices {
            let address = endpoints[index].address.description
            endpoints[index].isFailing = failingAddresses.contains(address)
        }
        return endpoints
    }

    /// The WorkloadEntries, Pods and Deployments that a host selects.
    package func workloads(of service: HostService) -> [Resource] {
        guard let first = service.selector.min(by: { $0.key < $1.key }) else { return [] }
        return resources(with: .label(first.key, first.value, namespace: service.namespace)).filter {
            $0.workloadLabels?.contains(all: service.selector) ?? false
        }
    }

    private func endpoint(of workload: Resource, _ service: HostService, _ port: HostService.Port)
        -> HostEndpoint?
    {
        switch workload.spec {
        case .workloadEntry(let entry): Self.endpoint(entry, port)
        case .pod(let pod): Self.endpoint(pod, port)
        default: nil
        }
    }

    private static func endpoint(_ entry: WorkloadEntry, _ port: HostService.Port) -> HostEndpoint? {
        guard let address = entry.address, let number = portNumber(entry.ports, port) else { return nil }
        return endpoint(
            address,
            number,
            labels: entry.labels,
            weight: entry.weight ?? 1,
            locality: entry.locality
        )
    }

    private static func endpoint(_ pod: Pod, _ port: HostService.Port) -> HostEndpoint? {
        guard let address = pod.address else { return nil }
        let ports = pod.template.containers.flatMap(\.ports)
        let declared = ports.first {
            switch port.target {
            case .number(let number): $0.containerPort == number
            case .name(let name): $0.name == name
            }
        }
        var number = declared?.containerPort
        // Kubernetes has both numbers equal in pods of the host's network; a node of ours gives each pod a port of its own.
        if pod.usesHostNetwork, let hostPort = declared?.hostPort { number = hostPort }
        // Ports that a pod does not declare are open all the same.
        if number == nil, case .number(let target) = port.target { number = target }
        guard let number else { return nil }
        return endpoint(address, number, labels: pod.template.labels, isReady: pod.isReady)
    }

    /// Under the target port's name, else under the port's own, an unnamed one under `http`; else the target port.
    private static func portNumber(_ ports: [String: Int], _ port: HostService.Port) -> Int? {
        if case .name(let name) = port.target, let number = ports[name] { return number }
        if let number = ports[port.name.isEmpty ? "http" : port.name] { return number }
        if case .number(let number) = port.target { return number }
        return nil
    }

    private func entryEndpoints(_ resource: Resource, _ service: HostService, _ port: HostService.Port)
        -> [HostEndpoint]
    {
        guard let entry = resource.serviceEntry, entry.ports.contains(where: { $0.number == port.number }),
            entry.resolution != .none || !entry.endpoints.isEmpty
        else { return [] }
        if entry.endpoints.isEmpty, entry.workloadSelector == nil, entry.resolution != .static,
            !HostName.isWildcard(service.host), case .number(let number) = port.target
        {
            return Self.endpoint(service.host, number, labels: [:]).map { [$0] } ?? []
        }
        return entry.endpoints.compactMap { Self.endpoint($0, port) }
    }

    private func listedEndpoints(_ service: HostService, _ port: HostService.Port) -> [HostEndpoint] {
        let key = ResourceKey(.endpoints, namespace: service.namespace, name: service.name)
        var found: [HostEndpoint] = []
        for subset in resource(key)?.endpoints?.subsets ?? [] {
            guard let number = Self.listedPort(subset.ports, port) else { continue }
            for (addresses, isReady) in [(subset.ready, true), (subset.notReady, false)] {
                found += addresses.compactMap {
                    let labels = podLabels(subset.pods[$0], service.namespace)
                    return Self.endpoint($0, number, labels: labels, isReady: isReady)
                }
            }
        }
        let token = IndexToken.label(
            EndpointSlice.serviceNameLabel,
            service.name,
            namespace: service.namespace
        )
        for slice in resources(with: token).compactMap(\.endpointSlice) {
            guard let number = Self.listedPort(slice.ports, port) else { continue }
            for endpoint in slice.endpoints {
                let labels = podLabels(endpoint.pod, service.namespace)
                found += endpoint.addresses.compactMap {
                    Self.endpoint($0, number, labels: labels, isReady: endpoint.ready)
                }
            }
        }
        return found
    }

    /// The listed port of the same name, else the only one.
    private static func listedPort(_ ports: [Endpoints.Port], _ port: HostService.Port) -> Int? {
        let named = ports.first { $0.name == port.name }
        return (named ?? (ports.count == 1 ? ports.first : nil))?.port
    }

    private func podLabels(_ name: String?, _ namespace: String) -> [String: String] {
        guard let name else { return [:] }
        return resource(ResourceKey(.pod, namespace: namespace, name: name))?.workloadLabels ?? [:]
    }

    private static func endpoint(
        _ host: String,
        _ port: Int,
        labels: [String: String],
        weight: Int = 1,
        isReady: Bool = true,
        locality: Locality? = nil
    ) -> HostEndpoint? {
        guard let port = UInt16(exactly: port), port > 0, !host.isEmpty, !host.hasPrefix("unix:") else {
            return nil
        }
        let isName = !host.contains(":") && !isIPv4(host)
        return HostEndpoint(
            address: EndpointAddress(host: host, port: port, isName: isName),
            labels: labels,
            weight: max(1, min(weight, 1_000_000)),
            isAnnounced: isReady,
            locality: locality ?? Locality(labels: labels)
        )
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } && UInt8(part) != nil
            }
    }
}
