// SPDX-License-Identifier: Apache-2.0

/// The typed view of an object: the fields that canaryctl acts on. Indirect, so that a ``Resource`` is cheap to copy.
package indirect enum ResourceSpec: Sendable {
    case service(Service)
    case deployment(Deployment)
    case pod(Pod)
    case podController(PodController)
    case endpoints(Endpoints)
    case endpointSlice(EndpointSlice)
    case horizontalPodAutoscaler(HorizontalPodAutoscaler)
    case virtualService(VirtualService)
    case destinationRule(DestinationRule)
    case serviceEntry(ServiceEntry)
    case workloadEntry(WorkloadEntry)
    case gateway(Gateway)
    case rollout(RolloutSpec)
    case analysisTemplate(AnalysisTemplate)
    case credential(Credential)
    /// Kinds of which only metadata and content matter: Namespace, ConfigMap, Secrets that hold no certificates, Node.
    case opaque

    init(_ kind: ResourceKind, _ body: Node) {
        self =
            switch kind {
            case .service: .service(Service(body))
            case .deployment: .deployment(Deployment(body))
            case .pod: .pod(Pod(body))
            case .statefulSet, .daemonSet, .replicaSet, .replicationController, .job, .cronJob, .argoRollout:
                .podController(PodController(body))
            case .endpoints: .endpoints(Endpoints(body))
            case .endpointSlice: .endpointSlice(EndpointSlice(body))
            case .horizontalPodAutoscaler: .horizontalPodAutoscaler(HorizontalPodAutoscaler(body))
            case .virtualService: .virtualService(VirtualService(body))
            case .destinationRule: .destinationRule(DestinationRule(body))
            case .serviceEntry: .serviceEntry(ServiceEntry(body))
            case .workloadEntry: .workloadEntry(WorkloadEntry(body))
            case .gateway: .gateway(Gateway(body))
            case .rollout: .rollout(RolloutSpec(body))
            case .analysisTemplate: .analysisTemplate(AnalysisTemplate(body))
            case .secret: Credential(body).map(ResourceSpec.credential) ?? .opaque
            case .namespace, .configMap, .node: .opaque
            }
    }
}

extension Resource {
    package var service: Service? { if case .service(let value) = spec { value } else { nil } }
    package var deployment: Deployment? { if case .deployment(let value) = spec { value } else { nil } }
    package var pod: Pod? { if case .pod(let value) = spec { value } else { nil } }
    package var podController: PodController? {
        if case .podController(let value) = spec { value } else { nil }
    }
    /// Whether it makes pods, as a Deployment does.
    package var makesPods: Bool { deployment != nil || podController != nil }
    /// The replicas that it says its pods shall have.
    package var declaredReplicas: Int? { deployment?.replicas ?? podController?.replicas }
    package var endpoints: Endpoints? { if case .endpoints(let value) = spec { value } else { nil } }
    package var endpointSlice: EndpointSlice? {
        if case .endpointSlice(let value) = spec { value } else { nil }
    }
    package var autoscaler: HorizontalPodAutoscaler? {
        if case .horizontalPodAutoscaler(let value) = spec { value } else { nil }
    }
    package var virtualService: VirtualService? {
        if case .virtualService(let value) = spec { value } else { nil }
    }
    package var destinationRule: DestinationRule? {
        if case .destinationRule(let value) = spec { value } else { nil }
    }
    package var serviceEntry: ServiceEntry? { if case .serviceEntry(let value) = spec { value } else { nil } }
    package var workloadEntry: WorkloadEntry? {
        if case .workloadEntry(let value) = spec { value } else { nil }
    }
    package var credential: Credential? { if case .credential(let value) = spec { value } else { nil } }
    package var gateway: Gateway? { if case .gateway(let value) = spec { value } else { nil } }
    package var analysisTemplate: AnalysisTemplate? {
        if case .analysisTemplate(let value) = spec { value } else { nil }
    }
    package var rollout: RolloutSpec? { if case .rollout(let value) = spec { value } else { nil } }
}
