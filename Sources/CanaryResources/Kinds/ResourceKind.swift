// SPDX-License-Identifier: Apache-2.0

/// The kinds of objects that canaryctl knows.
package enum ResourceKind: String, Sendable, CaseIterable {
    case service = "Service"
    case deployment = "Deployment"
    case pod = "Pod"
    case endpoints = "Endpoints"
    case endpointSlice = "EndpointSlice"
    case namespace = "Namespace"
    case configMap = "ConfigMap"
    case secret = "Secret"
    case node = "Node"
    case horizontalPodAutoscaler = "HorizontalPodAutoscaler"
    case statefulSet = "StatefulSet"
    case daemonSet = "DaemonSet"
    case replicaSet = "ReplicaSet"
    case replicationController = "ReplicationController"
    case job = "Job"
    case cronJob = "CronJob"
    case rollout = "Rollout"
    case analysisTemplate = "AnalysisTemplate"
    /// Argo's, which calls it just that.
    case argoRollout = "ArgoRollout"
    case virtualService = "VirtualService"
    case destinationRule = "DestinationRule"
    case serviceEntry = "ServiceEntry"
    case workloadEntry = "WorkloadEntry"
    case gateway = "Gateway"

    /// What manifests call it.
    package var name: String { self == .argoRollout ? "Rollout" : rawValue }

    /// All names, each once.
    package static let names = allCases.filter { $0 != .argoRollout }.map(\.name)

    /// The kind that manifests call by a name. Of two kinds of one name the group decides, where it is given.
    package init?(manifestName: String, apiVersion: String = "") {
        guard let kind = Self.byName[manifestName] else { return nil }
        self = kind == .rollout && apiVersion.hasPrefix("\(Self.argoRollout.group)/") ? .argoRollout : kind
    }

    private static let byName = Dictionary(allCases.map { ($0.name, $0) }) { first, _ in first }

    /// The API group, empty for Kubernetes' core.
    package var group: String {
        switch self {
        case .service, .pod, .endpoints, .namespace, .configMap, .secret, .node, .replicationController: ""
        case .deployment, .statefulSet, .daemonSet, .replicaSet: "apps"
        case .job, .cronJob: "batch"
        case .rollout, .analysisTemplate: "canaryctl.dev"
        case .argoRollout: "argoproj.io"
        case .endpointSlice: "discovery.k8s.io"
        case .horizontalPodAutoscaler: "autoscaling"
        case .virtualService, .destinationRule, .serviceEntry, .workloadEntry, .gateway: "networking.istio.io"
        }
    }

    /// Whether it is canaryctl's own, which nobody else knows.
    package var isOwn: Bool { self == .rollout || self == .analysisTemplate }

    /// The versions that are read, the preferred one first.
    package var versions: [String] {
        switch self {
        case .service, .pod, .endpoints, .namespace, .configMap, .secret, .node, .deployment, .endpointSlice,
            .statefulSet, .daemonSet, .replicaSet, .replicationController, .job, .cronJob:
            ["v1"]
        case .rollout, .analysisTemplate, .argoRollout: ["v1alpha1"]
        case .horizontalPodAutoscaler: ["v2", "v1"]
        case .virtualService, .destinationRule, .serviceEntry, .workloadEntry, .gateway:
            ["v1", "v1beta1", "v1alpha3"]
        }
    }

    /// The preferred `apiVersion`: `apps/v1`, `v1`.
    package var apiVersion: String {
        group.isEmpty ? versions[0] : "\(group)/\(versions[0])"
    }

    package var isNamespaced: Bool { self != .namespace && self != .node }

    /// The lower-case plural, as in `canaryctl get virtualservices`; of the second kind of a name with its group.
    package var plural: String {
        switch self {
        case .argoRollout: "rollouts.argoproj.io"
        case .endpoints: "endpoints"
        case .serviceEntry, .workloadEntry: String(singular.dropLast()) + "ies"
        default: singular + "s"
        }
    }

    package var singular: String { name.lowercased() }

    package var shortName: String? {
        switch self {
        case .service: "svc"
        case .deployment: "deploy"
        case .pod: "po"
        case .endpoints: "ep"
        case .namespace: "ns"
        case .node: "no"
        case .configMap: "cm"
        case .horizontalPodAutoscaler: "hpa"
        case .virtualService: "vs"
        case .destinationRule: "dr"
        case .serviceEntry: "se"
        case .workloadEntry: "we"
        case .gateway: "gw"
        case .statefulSet: "sts"
        case .daemonSet: "ds"
        case .replicaSet: "rs"
        case .replicationController: "rc"
        case .cronJob: "cj"
        case .rollout: "ro"
        case .analysisTemplate: "at"
        case .endpointSlice, .secret, .job, .argoRollout: nil
        }
    }

    /// Singular, plural, short or group-qualified name in any case: `VS`, `virtualservices`, `deployments.apps`.
    package init?(named name: String) {
        let name = name.lowercased()
        let found = Self.allCases.first { kind in
            [kind.singular, kind.plural, kind.shortName].contains(name)
                || (!kind.group.isEmpty
                    && ["\(kind.singular).\(kind.group)", "\(kind.plural).\(kind.group)"].contains(name))
        }
        guard let found else { return nil }
        self = found
    }

    /// `service`, `deployment.apps`: the kind as change lines and `-o name` print it.
    package var qualifiedName: String {
        group.isEmpty ? singular : "\(singular).\(group)"
    }
}
