// SPDX-License-Identifier: Apache-2.0

/// A WorkloadEntry that `register` makes: an endpoint of a Service that something else runs.
package enum EndpointRegistration {
    package enum Refusal: Error, Hashable {
        /// The Service has no selector: nothing would tie the endpoint to it.
        case serviceWithoutSelector
        /// Without a port on the command line, a target port given by name cannot be known.
        case portNeeded(targetPort: String)
        /// A label contradicts the Service's selector: the endpoint would not be one of the Service's.
        case labelOfSelector(key: String, value: String)
    }

    /// The object's name: after service, address and port. `helloworld-127-0-0-1-9081`.
    package static func name(service: String, address: HostPort) -> String {
        var name = "\(service)-\(address.ip)"
        if let port = address.port { name += "-\(port)" }
        let allowed = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(allowed.prefix(253))
    }

    /// The command that a hint gives for an endpoint of a Service, with labels besides those of its selector.
    /// `home` is the namespace that need not be named.
    package static func command(
        _ service: String,
        in namespace: String,
        home: String?,
        _ labels: [String: String] = [:]
    ) -> String {
        let labels = labels.sorted { $0.key < $1.key }.map { " -l \($0.key)=\($0.value)" }.joined()
        let option = namespace == home ? "" : " -n \(namespace)"
        return "canaryctl register \(service) ADDRESS:PORT\(labels)\(option)"
    }

    /// The WorkloadEntry for an endpoint of a Service. Its labels are the Service's selector and the extra ones; the
    /// port stands for every target port, stored under the target port's name where it is a name, else under the
    /// Service port's name, an unnamed port under `http`.
    package static func workloadEntry(
        service: Resource,
        address: HostPort,
        labels extra: [String: String]
    ) throws(Refusal) -> Resource {
        guard let spec = service.service, !spec.selector.isEmpty else { throw .serviceWithoutSelector }
        for (key, value) in spec.selector.sorted(by: { $0.key < $1.key }) where extra[key] ?? value != value {
            throw .labelOfSelector(key: key, value: value)
        }
        let labels = spec.selector.merging(extra) { own, _ in own }
        let key = ResourceKey(
            .workloadEntry,
            namespace: service.namespace,
            name: name(service: service.name, address: address)
        )
        var entry = Mapping()
        entry["address"] = .string(address.ip)
        entry["labels"] = .stringMap(labels)
        if let ports = try ports(of: spec, address) { entry["ports"] = ports }
        let body: Node = .mapping([
            "apiVersion": .string(ResourceKind.workloadEntry.apiVersion),
            "kind": .string(ResourceKind.workloadEntry.rawValue),
            "metadata": .mapping([
                "name": .string(key.name),
                "namespace": .string(key.namespace),
                "labels": .stringMap(labels),
            ]),
            "spec": Node(.mapping(entry)),
        ])
        return Resource(key: key, body: body)
    }

    /// Whether an object that has the name of an entry to be made is the same endpoint: of two Services, one name can stand for
    /// two addresses (`a-1` at 2.3.4.80, and `a` at 1.2.3.4:80).
    package static func isSame(_ existing: Resource, as entry: Resource) -> Bool {
        existing.body["spec"]?["address"] == entry.body["spec"]?["address"]
    }

    private static func ports(of service: Service, _ address: HostPort) throws(Refusal) -> Node? {
        var ports = Mapping()
        for port in service.ports {
            let name: String
            switch port.targetPort {
            case .name(let target): name = target
            case .number: name = port.name.isEmpty ? "http" : port.name
            }
            if let number = address.port {
                ports[name] = .integer(Int64(number))
            } else if case .name(let target) = port.targetPort {
                throw .portNeeded(targetPort: target)
            }
        }
        return ports.entries.isEmpty ? nil : Node(.mapping(ports))
    }
}
