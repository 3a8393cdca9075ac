// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Gateway's server names a Secret that does not exist, or that holds no certificate and key: its clients are refused.
enum CredentialUnknownRule: ReferenceRule {
    static let code = RuleCode("CAN0826", istio: "IST0101")
    static let kinds: Set<ResourceKind> = [.gateway]

    /// Where Istio's gateways run, and look for Secrets.
    private static let gatewayNamespace = "istio-system"

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        for tls in (object.spec?["servers"]?.items ?? []).compactMap({ $0["tls"] }) {
            let places = [tls["credentialName"]].compactMap(\.self) + (tls["credentialNames"]?.items ?? [])
            for place in places { check(place, object.resource.namespace, cluster, &report) }
        }
    }

    private static func check(
        _ place: Located,
        _ namespace: String,
        _ cluster: ClusterView,
        _ report: inout RuleReport
    ) {
        // One with a scheme or a namespace is a gateway's own business.
        guard let name = place.string, !name.isEmpty, !name.contains("/") else { return }
        let secrets = [namespace, gatewayNamespace].compactMap {
            cluster.snapshot.resource(ResourceKey(.secret, namespace: $0, name: name))
        }
        guard let secret = secrets.first else {
            report.add(
                at: place,
                "there is no Secret \"\(name)\" in namespace \"\(namespace)\"",
                hint: "create it, with the fields tls.crt and tls.key"
            )
            return
        }
        guard !secrets.contains(where: { $0.credential?.certificate != nil && $0.credential?.key != nil })
        else { return }
        report.add(
            at: place,
            "Secret \"\(name)\" in namespace \"\(secret.namespace)\" holds no certificate and key",
            hint:
                "it needs the fields tls.crt and tls.key, of base64 under data: or as they are under stringData:"
        )
    }
}
