// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// The ingress gateway that every Istio installation has: istioctl takes it for granted, and so do the rules. It is in no
/// output, no store and no routing table.
enum BuiltInGateway {
    static let namespace = HostPolicy.rootNamespace
    static let labels = ["istio": "ingressgateway"]
    /// Those that istioctl takes for open. Istio's own samples name 8080, of which istioctl warns too.
    static let ports: Set<Int> = [80, 443, 15443, 31400]
    static let host = HostName.service("istio-ingressgateway", namespace: namespace)
}
