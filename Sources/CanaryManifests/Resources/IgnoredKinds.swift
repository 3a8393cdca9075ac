// SPDX-License-Identifier: Apache-2.0

/// The kinds that charts have beside those that decide about traffic: they are skipped without being asked for.
///
/// What decides about traffic, or keeps it out, is not among them, such as HTTPRoute or AuthorizationPolicy: whoever leaves that
/// out shall know.
enum IgnoredKinds {
    static func contains(_ kind: String, apiVersion: String) -> Bool {
        let group = apiVersion.split(separator: "/").dropLast().first ?? ""
        return groups[group]?.contains(kind) ?? false
    }

    private static let groups: [Substring: Set<String>] = [
        "": [
            "ServiceAccount", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "LimitRange",
            "PodTemplate", "Event",
        ],
        "networking.k8s.io": ["Ingress", "IngressClass", "NetworkPolicy"],
        "extensions": ["Ingress", "NetworkPolicy", "PodSecurityPolicy"],
        "policy": ["PodDisruptionBudget", "PodSecurityPolicy"],
        "rbac.authorization.k8s.io": ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
        "storage.k8s.io": ["StorageClass", "CSIDriver", "VolumeAttachment"],
        "scheduling.k8s.io": ["PriorityClass"],
        "coordination.k8s.io": ["Lease"],
        "apiextensions.k8s.io": ["CustomResourceDefinition"],
        "apiregistration.k8s.io": ["APIService"],
        "admissionregistration.k8s.io": [
            "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
        "autoscaling.k8s.io": ["VerticalPodAutoscaler"],
        "snapshot.storage.k8s.io": ["VolumeSnapshot", "VolumeSnapshotClass"],
        "monitoring.coreos.com": ["ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe"],
        "cert-manager.io": ["Certificate", "Issuer", "ClusterIssuer"],
        "external-secrets.io": ["ExternalSecret", "SecretStore", "ClusterSecretStore"],
        "bitnami.com": ["SealedSecret"],
        "security.istio.io": ["PeerAuthentication"],
        "telemetry.istio.io": ["Telemetry"],
        "argoproj.io": ["AnalysisTemplate", "ClusterAnalysisTemplate", "Application", "AppProject"],
    ]
}
