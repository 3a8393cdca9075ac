// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRules

/// What manifests ask for and the routing table does not hold, so that Envoy is not told either.
struct EnvoyOmissions {
    let snapshot: ClusterSnapshot

    /// Sentences about objects, in the objects' order.
    var texts: [String] {
        snapshot.resources.sorted { $0.key < $1.key }.flatMap { resource in
            texts(resource).map { "\(resource.key)\($0)" }
        }
    }

    private func texts(_ resource: Resource) -> [String] {
        switch resource.spec {
        case .virtualService(let virtualService): texts(resource, virtualService)
        case .gateway(let gateway):
            gateway.servers.filter { !$0.isPlainHTTP && !$0.isPlainTCP && !$0.isTLS }.map { server in
                let mode = server.tls.map { " with TLS of mode \($0.mode.rawValue)" } ?? ""
                return ": port \(server.port) is left out: nobody serves \(server.protocol)\(mode) there"
            }
        case .destinationRule: unserved(resource) + unexported(resource)
        case .rollout: [" is left out: Envoy gets the shares of the moment, and nobody there moves them"]
        default: []
        }
    }

    private func texts(_ resource: Resource, _ virtualService: VirtualService) -> [String] {
        var texts: [String] = []
        for name in virtualService.gateways {
            guard let reference = GatewayReference(name, namespace: resource.namespace) else { continue }
            let key = ResourceKey(.gateway, namespace: reference.namespace, name: reference.name)
            guard snapshot.resource(key) == nil else { continue }
            texts.append(": nobody defines its gateway \"\(name)\", so that its routes there are left out")
        }
        return texts
            + snapshot.lostRoutes(of: resource).map { ", route \($0.index) is left out: \($0.description)" }
    }

    /// The fields of traffic policies that canaryctl's proxy acts on, and that are not put into Envoy's words.
    private func unexported(_ resource: Resource) -> [String] {
        let spec = resource.body["spec"]
        let own = [spec?["trafficPolicy"]] + (spec?["subsets"]?.items ?? []).map { $0["trafficPolicy"] }
        let levels = own + own.flatMap { $0?["portLevelSettings"]?.items ?? [] }
        let hashes = levels.compactMap { $0?["loadBalancer"]?["consistentHash"] }
        return Self.unexported.filter { path in hashes.contains { $0[path] != nil } }.map {
            ": consistentHash.\($0) is left out: Envoy gets a ring of its own size"
        }
    }

    private static let unexported = ["ringHash", "maglev", "minimumRingSize"]

    /// The fields of traffic policies that canaryctl reads and does not act on.
    private func unserved(_ resource: Resource) -> [String] {
        RuleCatalog.checkObject(resource).filter(\.isAboutProxy).map {
            ": \($0.path) is left out, since canaryctl does not act on it"
        }
    }
}
