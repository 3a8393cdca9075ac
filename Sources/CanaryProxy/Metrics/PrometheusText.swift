// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanarySystem
import Synchronization

/// Metrics in Prometheus' text format, under Istio's names and with Istio's labels, so that dashboards for Istio work.
struct PrometheusText {
    /// In milliseconds: Envoy's.
    static let bounds: [Double] = [
        0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
        1_800_000, 3_600_000,
    ]

    let shared: ProxyShared

    func text() -> String {
        let sums = shared.book.series().filter { !$0.value.isEmpty }
        let own = sums.filter { !$0.key.isConnection && !$0.key.isMirror }
        let copies = sums.filter(\.key.isMirror)
        return requests(own, "istio_requests_total", "Requests by answer.") + durations(own)
            + requests(copies, "canaryctl_mirrored_requests_total", "Copies to mirrors by answer.")
            + ConnectionMetrics.text(sums.filter(\.key.isConnection)) + clusters() + gauges()
            + refusedProxyHeaders()
    }

    /// Sums that differ only in what labels do not show are one series.
    private func requests(_ sums: [SeriesLabels: RouteEvidence], _ name: String, _ help: String) -> String {
        var series: [String: UInt64] = [:]
        for (labels, evidence) in sums {
            for (answer, count) in evidence.answers { series[labels.text(answer), default: 0] += count }
        }
        let lines = series.map { "\(name){\($0)} \($1)\n" }
        return "# HELP \(name) \(help)\n# TYPE \(name) counter\n" + lines.sorted().joined()
    }

    private func durations(_ sums: [SeriesLabels: RouteEvidence]) -> String {
        let name = "istio_request_duration_milliseconds"
        var series: [String: RouteEvidence.Tally] = [:]
        for (labels, evidence) in sums {
            series[labels.text(), default: RouteEvidence.Tally()].add(evidence.completed)
            series[labels.text(), default: RouteEvidence.Tally()].add(evidence.abandoned)
        }
        var text = "# HELP \(name) Time from a request's head to its end.\n# TYPE \(name) histogram\n"
        for (labels, tally) in series.sorted(by: { $0.key < $1.key }) where tally.total > 0 {
            for bound in Self.bounds {
                let count = tally.durations.count(upTo: bound)
                text += "\(name)_bucket{\(labels),le=\"\(Self.number(bound))\"} \(count)\n"
            }
            let total = tally.durations.total
            text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(total)\n"
            text += "\(name)_sum{\(labels)} \(Double(tally.nanoseconds) / 1_000_000)\n"
            text += "\(name)_count{\(labels)} \(total)\n"
        }
        return text
    }

    /// Of clusters of which workers share something, under Envoy's names.
    private func clusters() -> String {
        let clusters = shared.identifiers.sharedClusters
        let now = Clock.monotonicMilliseconds()
        guard !clusters.isEmpty else { return "" }
        let series: [(String, String, String, (SharedCluster) -> UInt64)] = [
            (
                "upstream_rq_pending_overflow", "counter", "Requests refused by limits.",
                { $0.use.overflows.requests }
            ),
            (
                "upstream_cx_overflow", "counter",
                "Requests that waited since no connection might be opened.",
                { $0.use.overflows.connections }
            ),
            (
                "upstream_rq_retry_overflow", "counter", "Retries not made because of limits.",
                { $0.use.overflows.retries }
            ),
            (
                "outlier_detection_ejections_enforced_total", "counter", "How often endpoints were ejected.",
                { $0.health.ejections }
            ),
            (
                "outlier_detection_ejections_active", "gauge", "Endpoints that are ejected now.",
                { UInt64($0.health.ejected(now: now).count) }
            ),
            ("upstream_cx_active", "gauge", "Connections.", { UInt64($0.use.now.connections) }),
            ("upstream_rq_active", "gauge", "Requests under way.", { UInt64($0.use.now.requests) }),
            (
                "upstream_rq_pending_active", "gauge", "Requests waiting for a connection.",
                { UInt64($0.use.now.pendingRequests) }
            ),
        ]
        return series.map { name, kind, help, value in
            let lines = clusters.map {
                "envoy_cluster_\(name){cluster_name=\"\(Self.escaped($0.name))\"} \(value($0))\n"
            }
            return "# HELP envoy_cluster_\(name) \(help)\n# TYPE envoy_cluster_\(name) \(kind)\n"
                + lines.joined()
        }.joined()
    }

    /// Nothing where there were none: most listeners expect no header.
    private func refusedProxyHeaders() -> String {
        let name = "canaryctl_refused_proxy_headers_total"
        let lines = ProxyHeader.Objection.allCases.compactMap { objection -> String? in
            let count = shared.counters.reduce(0) { $0 &+ $1.refusedProxyHeaders(objection) }
            return count > 0 ? "\(name){reason=\"\(objection.text)\"} \(count)\n" : nil
        }
        guard !lines.isEmpty else { return "" }
        return "# HELP \(name) Connections refused for what they began with instead of a PROXY header.\n"
            + "# TYPE \(name) counter\n" + lines.joined()
    }

    private func gauges() -> String {
        let state = shared.publication()
        let sum = { (value: (WorkerCounters) -> Int) in shared.counters.reduce(0) { $0 + value($1) } }
        let gauges: [(String, String, String, Int)] = [
            (
                "canaryctl_downstream_connections", "gauge", "Open client connections.",
                sum { $0.connections.load(ordering: .relaxed) }
            ),
            (
                "canaryctl_upstream_connections", "gauge", "Open connections to endpoints.",
                sum { $0.upstreamConnections.load(ordering: .relaxed) }
            ),
            (
                "canaryctl_rejected_requests_total", "counter", "Requests that broke the protocol.",
                sum { Int($0.rejectedHeads.load(ordering: .relaxed)) }
            ),
            (
                "canaryctl_tls_handshakes_total", "counter", "TLS handshakes with clients.",
                sum { Int($0.handshakes.load(ordering: .relaxed)) }
            ),
            (
                "canaryctl_tls_resumed_handshakes_total", "counter",
                "TLS handshakes that went on with an earlier session.",
                sum { Int($0.resumedHandshakes.load(ordering: .relaxed)) }
            ),
            (
                "canaryctl_tls_failed_handshakes_total", "counter",
                "TLS handshakes with clients that failed.",
                sum { Int($0.failedHandshakes.load(ordering: .relaxed)) }
            ),
            (
                "canaryctl_dropped_mirrors_total", "counter", "Copies to mirrors that were not made.",
                sum { Int($0.droppedCopies.load(ordering: .relaxed)) }
            ),
            (
                "canaryctl_unrouted_requests_total", "counter", "Requests that no route took.",
                Int(clamping: shared.book.local().ended)
            ),
            (
                "canaryctl_table_revision", "gauge", "The store's revision that requests are routed by.",
                Int(state.table?.revision ?? -1)
            ),
            (
                "canaryctl_checked_endpoints", "gauge", "Addresses that are checked.",
                shared.health.standings().count
            ),
            (
                "canaryctl_failing_endpoints", "gauge", "Addresses that fail their health checks.",
                shared.health.standings { !$0.isHealthy }.count
            ),
            ("canaryctl_draining", "gauge", "1 while the proxy drains.", state.isDraining ? 1 : 0),
            ("canaryctl_workers", "gauge", "Worker threads.", shared.counters.count),
        ]
        return gauges.map { name, kind, help, value in
            "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(value)\n"
        }.joined()
    }

    static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
