// SPDX-License-Identifier: Apache-2.0

extension HTTPRoute {
    /// Whether the route takes every request, as Istio judges it: a missing match, or a block that asks for nothing but the path
    /// prefix `/` or the path expression `.*`.
    package var isCatchAll: Bool { matches.isEmpty || matches.contains(where: \.isCatchAll) }
}

extension HTTPMatch {
    /// Whether all clients of the mesh in a namespace are asked, at every port.
    package func existsForEachClient(in namespace: String) -> Bool {
        guard port == nil else { return false }
        guard gateways.isEmpty else { return gateways.contains(VirtualService.mesh) }
        return sourceLabels.isEmpty && (sourceNamespace ?? namespace) == namespace
    }

    package var isCatchAll: Bool {
        let takesAnyPath = [nil, .present, .prefix(""), .prefix("/"), .regex(".*")].contains(uri)
        return takesAnyPath && [scheme, method, authority].allSatisfy { $0 == nil } && headers.isEmpty
            && withoutHeaders.isEmpty && queryParams.isEmpty && port == nil && sourceLabels.isEmpty
            && sourceNamespace == nil && gateways.isEmpty
    }
}
