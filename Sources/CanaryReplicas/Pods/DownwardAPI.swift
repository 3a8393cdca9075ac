// SPDX-License-Identifier: Apache-2.0

/// What a pod's variables can tell of the pod itself.
enum DownwardAPI {
    static let fields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels['KEY']",
        "metadata.annotations['KEY']", "spec.nodeName", "spec.serviceAccountName", "status.podIP",
        "status.podIPs",
        "status.hostIP", "status.hostIPs",
    ]

    static func field(_ path: String, of pod: PodSpec, _ context: PodContext) -> String? {
        switch path {
        case "metadata.name": context.name
        case "metadata.namespace": context.namespace
        case "metadata.uid": context.uid
        case "spec.nodeName": context.nodeName
        case "spec.serviceAccountName": pod.serviceAccountName
        case "status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs": context.address
        default:
            if let key = key(path, in: "metadata.labels") {
                pod.labels[key] ?? ""
            } else if let key = key(path, in: "metadata.annotations") {
                pod.annotations[key] ?? ""
            } else {
                nil
            }
        }
    }

    /// `KEY` of `metadata.labels['KEY']`.
    private static func key(_ path: String, in field: String) -> String? {
        guard path.hasPrefix("\(field)['"), path.hasSuffix("']"), path.utf8.count > field.utf8.count + 4
        else {
            return nil
        }
        return String(path.dropFirst(field.count + 2).dropLast(2))
    }

    /// Whole divisors, rounded up. Without a limit there is what the node has, without a request none.
    static func resource(
        _ path: String,
        of container: ContainerSpec,
        divisor: MilliValue,
        _ context: PodContext
    ) -> String? {
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["cpu", "memory"].contains(parts[1]), divisor > .zero else { return nil }
        let amount: MilliValue
        switch parts[0] {
        case "limits": amount = container.limits[parts[1]] ?? context.capacity[parts[1]] ?? .zero
        case "requests": amount = container.requests[parts[1]] ?? .zero
        default: return nil
        }
        let (whole, rest) = amount.thousandths.quotientAndRemainder(dividingBy: divisor.thousandths)
        return String(rest > 0 ? whole + 1 : whole)
    }
}
