// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension ClusterSnapshot {
    /// The same with every gateway that a VirtualService names open for plain HTTP, for asking without sending: one that no object
    /// defines is taken as written, with port 80 and any host, and one that ends TLS counts as what it carries.
    package var withReachableGateways: ClusterSnapshot {
        var copy = self
        for gateway in resources(of: .gateway) { copy.insert(gateway.withoutTLS) }
        for resource in resources(of: .virtualService) {
            guard let virtualService = resource.virtualService else { continue }
            for name in virtualService.gateways + virtualService.http.flatMap(\.matches).flatMap(\.gateways) {
                guard let reference = GatewayReference(name, namespace: resource.namespace) else { continue }
                let key = ResourceKey(.gateway, namespace: reference.namespace, name: reference.name)
                if copy.resource(key) == nil { copy.insert(.assumedGateway(key)) }
            }
        }
        return copy
    }
}

extension Resource {
    /// What it binds to keeps it apart from the Gateways that have port 80 too.
    fileprivate static func assumedGateway(_ key: ResourceKey) -> Resource {
        let server = Node.mapping([
            "bind": .string(key.description),
            "port": .mapping(["number": .integer(80), "name": .string("http"), "protocol": .string("HTTP")]),
            "hosts": .sequence([.string("*/*")]),
        ])
        return Resource(key: key, body: .mapping(["spec": .mapping(["servers": .sequence([server])])]))
    }

    fileprivate var withoutTLS: Resource {
        var servers = body["spec"]?["servers"]?.items ?? []
        for index in servers.indices {
            let mode = servers[index]["tls"]?["mode"]?.string ?? ""
            guard ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL"].contains(mode) else { continue }
            servers[index].set(.string("HTTP"), at: "port", "protocol")
            servers[index].set(nil, at: "tls")
        }
        var copy = body
        copy.set(.sequence(servers), at: "spec", "servers")
        return Resource(key: key, body: copy, stored: stored, file: file)
    }
}
