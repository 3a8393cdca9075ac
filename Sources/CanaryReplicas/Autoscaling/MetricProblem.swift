// SPDX-License-Identifier: Apache-2.0

/// Why a metric gives no number of replicas, in the words of Kubernetes' controller.
enum MetricProblem: Error, Equatable {
    case unavailable(String)
    case noPods
    case noMetricsOfPods
    case noMetricsOfKnownPods
    case missingRequest(resource: String, container: String, pod: String)
    case noTarget(of: String, lacks: String)
    case unknownType(String)
}

extension MetricProblem: CustomStringConvertible {
    var description: String {
        switch self {
        case .unavailable(let text): text
        case .noPods: "no pods returned by selector while calculating replica count"
        case .noMetricsOfPods: "did not receive metrics for targeted pods (pods might be unready)"
        case .noMetricsOfKnownPods: "no metrics returned matched known pods"
        case .missingRequest(let resource, let container, let pod):
            "missing request for \(resource) in container \(container) of Pod \(pod)"
        case .noTarget(let source, let targets):
            "invalid \(source) metric source: neither \(targets) was set"
        case .unknownType(let type): "unknown metric source type \"\(type)\""
        }
    }
}
