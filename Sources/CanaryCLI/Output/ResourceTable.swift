// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources

/// The columns of `canaryctl get`, as kubectl and Istio's printer columns show each kind.
struct ResourceTable {
    let kind: ResourceKind
    let isWide: Bool
    let showsNamespace: Bool
    let showsLabels: Bool
    /// Milliseconds since 1970, for ages.
    let now: Int64
    /// What runs of a Deployment.
    let replicas: (Resource) -> DeploymentColumns
    /// A Rollout's phase.
    let phase: (Resource) -> String
    /// What is known of an autoscaler.
    let autoscaler: (Resource) -> AutoscalerReport?

    private var columns: [Column] {
        Self.columns(of: kind).filter { isWide || !$0.isWide }
    }

    /// `NAMESPACE` first where it is shown, `AGE` after a kind's own columns, wide columns last.
    func table(of resources: [Resource], namePrefix: Bool = false) -> Table {
        let narrow = columns.filter { !$0.isWide }
        let wide = columns.filter(\.isWide)
        let titles =
            ["NAME"] + narrow.map(\.title) + ["AGE"] + wide.map(\.title) + (showsLabels ? ["LABELS"] : [])
        var table = Table(titles: showsNamespace ? ["NAMESPACE"] + titles : titles)
        for resource in resources { table.add(row(resource, narrow, wide, namePrefix)) }
        return table
    }

    private func row(_ resource: Resource, _ narrow: [Column], _ wide: [Column], _ namePrefix: Bool)
        -> [String]
    {
        let name = namePrefix ? resource.key.qualifiedName : resource.name
        let age = resource.stored.map { TimeText.age(from: $0.createdAt, to: now) } ?? "<unknown>"
        let cells =
            [name] + narrow.map { $0.value(resource, self) } + [age] + wide.map { $0.value(resource, self) }
            + (showsLabels ? [Self.labels(resource.metadata.labels)] : [])
        return showsNamespace ? [resource.namespace] + cells : cells
    }
}

extension ResourceTable {
    private struct Column {
        var title: String
        var isWide = false
        var value: (Resource, ResourceTable) -> String
    }

    private static func columns(of kind: ResourceKind) -> [Column] {
        switch kind {
        case .service: serviceColumns
        case .deployment: deploymentColumns
        case .pod: podColumns
        case .endpoints: [Column(title: "ENDPOINTS") { resource, _ in addresses(of: resource) }]
        case .endpointSlice:
            [
                Column(title: "ADDRESSTYPE") { resource, _ in resource.body["addressType"]?.string ?? unset },
                Column(title: "PORTS") { resource, _ in
                    list(resource.endpointSlice?.ports.map { String($0.port) } ?? [])
                },
                Column(title: "ENDPOINTS") { resource, _ in
                    list(resource.endpointSlice?.endpoints.flatMap(\.addresses) ?? [])
                },
            ]
        case .statefulSet, .daemonSet, .replicaSet, .replicationController, .job, .cronJob, .argoRollout: []
        case .namespace: [Column(title: "STATUS") { _, _ in "Active" }]
        case .node: [Column(title: "STATUS") { _, _ in "Declared" }]
        case .configMap: [Column(title: "DATA") { resource, _ in dataCount(resource) }]
        case .secret:
            [
                Column(title: "TYPE") { resource, _ in resource.body["type"]?.string ?? "Opaque" },
                Column(title: "DATA") { resource, _ in dataCount(resource) },
            ]
        case .horizontalPodAutoscaler: autoscalerColumns
        case .virtualService:
            [
                Column(title: "GATEWAYS") { resource, _ in list(resource.virtualService?.gateways ?? []) },
                Column(title: "HOSTS") { resource, _ in list(resource.virtualService?.hosts ?? []) },
            ]
        case .destinationRule:
            [
                Column(title: "HOST") { resource, _ in resource.destinationRule?.host ?? unset },
                Column(title: "SUBSETS", isWide: true) { resource, _ in
                    list(resource.destinationRule?.subsets.map(\.name) ?? [])
                },
            ]
        case .serviceEntry:
            [
                Column(title: "HOSTS") { resource, _ in list(resource.serviceEntry?.hosts ?? []) },
                Column(title: "LOCATION") { resource, _ in resource.body["spec"]?["location"]?.string ?? unset
                },
                Column(title: "RESOLUTION") { resource, _ in
                    resource.serviceEntry?.resolution.rawValue ?? unset
                },
            ]
        case .workloadEntry: workloadEntryColumns
        case .rollout: rolloutColumns
        case .analysisTemplate:
            [
                Column(title: "ARGS") { resource, _ in
                    list(resource.analysisTemplate?.arguments.map(\.name) ?? [])
                },
                Column(title: "METRICS") { resource, _ in
                    list(resource.analysisTemplate?.metrics.compactMap { $0["name"]?.string } ?? [])
                },
            ]
        case .gateway:
            [
                Column(title: "SERVERS", isWide: true) { resource, _ in
                    list(resource.gateway?.servers.map { "\($0.port)/\($0.protocol)" } ?? [])
                }
            ]
        }
    }

    private static var serviceColumns: [Column] {
        [
            Column(title: "TYPE") { resource, _ in resource.service?.type ?? unset },
            Column(title: "CLUSTER-IP") { resource, _ in resource.service?.clusterIP ?? none },
            Column(title: "EXTERNAL-IP") { resource, _ in
                let service = resource.service
                return service?.externalName ?? (service?.type == "LoadBalancer" ? "127.0.0.1" : none)
            },
            Column(title: "PORT(S)") { resource, _ in
                list(
                    resource.service?.ports.map { port in
                        let node = port.nodePort.map { ":\($0)" } ?? ""
                        return "\(port.port)\(node)/\(port.transport)"
                    } ?? []
                )
            },
            Column(title: "SELECTOR", isWide: true) { resource, _ in labels(resource.service?.selector ?? [:])
            },
        ]
    }

    private static var deploymentColumns: [Column] {
        [
            Column(title: "READY") { resource, table in
                "\(table.replicas(resource).ready)/\(resource.deployment?.replicas ?? 1)"
            },
            Column(title: "UP-TO-DATE") { resource, table in String(table.replicas(resource).updated) },
            Column(title: "AVAILABLE") { resource, table in String(table.replicas(resource).available) },
            Column(title: "CONTAINERS", isWide: true) { resource, _ in
                list(resource.deployment?.template.containers.map(\.name) ?? [])
            },
            Column(title: "IMAGES", isWide: true) { resource, _ in
                list(resource.deployment?.template.containers.compactMap(\.image) ?? [])
            },
            Column(title: "SELECTOR", isWide: true) { resource, _ in
                labels(resource.deployment?.selector.matchLabels ?? [:])
            },
        ]
    }

    private static var podColumns: [Column] {
        [
            Column(title: "READY") { resource, _ in PodColumns(resource).readyColumn },
            Column(title: "STATUS") { resource, _ in PodColumns(resource).status },
            Column(title: "RESTARTS") { resource, _ in "\(PodColumns(resource).restarts)" },
            Column(title: "IP", isWide: true) { resource, _ in PodColumns(resource).address ?? none },
            Column(title: "NODE", isWide: true) { resource, _ in
                resource.body["spec"]?["nodeName"]?.string ?? none
            },
        ]
    }

    private static var autoscalerColumns: [Column] {
        [
            Column(title: "REFERENCE") { resource, _ in
                resource.autoscaler.map { "\($0.targetKind)/\($0.targetName)" } ?? unset
            },
            Column(title: "TARGETS") { resource, table in table.autoscaler(resource)?.targets ?? unset },
            Column(title: "MINPODS") { resource, _ in
                resource.autoscaler.map { String($0.minReplicas) } ?? unset
            },
            Column(title: "MAXPODS") { resource, _ in
                resource.autoscaler.map { String($0.maxReplicas) } ?? unset
            },
            Column(title: "REPLICAS") { resource, table in
                table.autoscaler(resource).map { String($0.current) } ?? unset
            },
        ]
    }

    private static var workloadEntryColumns: [Column] {
        [
            Column(title: "ADDRESS") { resource, _ in
                guard let entry = resource.workloadEntry, let address = entry.address else { return unset }
                return AddressText.text(address, ports: entry.ports.values)
            },
            Column(title: "LABELS", isWide: true) { resource, _ in
                labels(resource.workloadEntry?.labels ?? [:])
            },
        ]
    }

    private static var rolloutColumns: [Column] {
        [
            Column(title: "HOST") { resource, _ in resource.rollout?.host ?? unset },
            Column(title: "CANARY") { resource, _ in resource.rollout?.canary ?? unset },
            Column(title: "PHASE") { resource, table in table.phase(resource) },
            Column(title: "STABLE", isWide: true) { resource, _ in resource.rollout?.stable ?? unset },
            Column(title: "STEPS", isWide: true) { resource, _ in
                list(resource.rollout?.steps.map(\.setting.description) ?? [])
            },
            Column(title: "GROUP", isWide: true) { resource, _ in resource.rollout?.group ?? none },
        ]
    }

    private static let none = "<none>"
    private static let unset = "<unset>"

    private static func list(_ values: [String]) -> String {
        values.isEmpty ? none : values.joined(separator: ",")
    }

    private static func labels(_ labels: [String: String]) -> String {
        list(labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }

    private static func addresses(of resource: Resource) -> String {
        let subsets = resource.endpoints?.subsets ?? []
        return list(
            subsets.flatMap { subset in
                subset.ready.flatMap { address in subset.ports.map { "\(address):\($0.port)" } }
            }
        )
    }

    private static func dataCount(_ resource: Resource) -> String {
        let keys = ["data", "binaryData", "stringData"].flatMap { resource.body[$0]?.mapping?.entries ?? [] }
        return String(keys.count)
    }
}
