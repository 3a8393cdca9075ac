// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

/// What tells sums apart: the labels of metrics, and for the list of clusters the subset and the destination's own port.
struct SeriesLabels: Hashable {
    var host: String
    var service: String
    var namespace: String
    var workload: String
    var version: String
    var subset: String
    var port: Int
    /// Whether connections were counted, instead of requests.
    var isConnection: Bool
    /// Copies are no requests to those who look at metrics: they have a series of their own.
    var isMirror = false

    init(_ counter: RouteCounter) {
        host = counter.destinationHost
        service = counter.serviceName
        namespace = counter.serviceNamespace
        workload = counter.workload
        version = counter.version
        subset = counter.subset
        port = counter.port
        isConnection = counter.isConnection
        isMirror = counter.isMirror
    }

    private init(unknown: String, isConnection: Bool) {
        host = unknown
        service = unknown
        namespace = unknown
        workload = unknown
        version = unknown
        subset = ""
        port = 0
        self.isConnection = isConnection
    }

    /// Of answers of the proxy's own, as in Istio.
    static let unknown = SeriesLabels(unknown: "unknown", isConnection: false)

    /// Of connections that went nowhere.
    static let unknownConnection = SeriesLabels(unknown: "unknown", isConnection: true)

    /// As Prometheus' text format has them, under Istio's names.
    func text(_ answer: RouteEvidence.Answer? = nil) -> String {
        var labels = [
            ("reporter", "source"), ("source_workload", "unknown"), ("source_workload_namespace", "unknown"),
            ("source_canonical_service", "unknown"), ("source_canonical_revision", "latest"),
            ("source_app", "unknown"), ("source_version", "unknown"),
            ("destination_workload", workload), ("destination_workload_namespace", namespace),
            ("destination_app", service), ("destination_version", version),
            ("destination_service", host),
            ("destination_service_name", service), ("destination_service_namespace", namespace),
            ("destination_canonical_service", service), ("destination_canonical_revision", version),
            ("request_protocol", isConnection ? "tcp" : answer?.grpcStatus == nil ? "http" : "grpc"),
            ("connection_security_policy", "unknown"),
        ]
        if let answer {
            if !isConnection { labels.append(("response_code", String(answer.status))) }
            labels.append(("response_flags", answer.flag))
            if let status = answer.grpcStatus { labels.append(("grpc_response_status", String(status))) }
        }
        return labels.map { "\($0)=\"\(PrometheusText.escaped($1))\"" }.joined(separator: ",")
    }
}

/// The last state of series that nothing counts for any more: metrics go on with them.
///
/// Each release may bring labels of its own, so the oldest are let go of at some point: to Prometheus a series that ended.
struct RetiredSeries {
    static let mostSeries = 10_000

    private(set) var sums: [SeriesLabels: RouteEvidence] = [:]
    private var ages: [SeriesLabels: Int] = [:]
    private var clock = 0

    mutating func add(_ evidence: RouteEvidence, to labels: SeriesLabels) {
        clock += 1
        ages[labels] = clock
        sums[labels, default: RouteEvidence()].add(evidence)
        guard sums.count > Self.mostSeries, let oldest = ages.min(by: { $0.value < $1.value })?.key else {
            return
        }
        sums[oldest] = nil
        ages[oldest] = nil
    }
}
