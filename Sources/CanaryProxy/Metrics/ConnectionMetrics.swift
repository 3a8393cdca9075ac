// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The metrics of TCP connections in Prometheus' text format, under Istio's names. Flags are of ends: until then a connection has
/// none.
enum ConnectionMetrics {
    static func text(_ sums: [SeriesLabels: RouteEvidence]) -> String {
        counter("istio_tcp_connections_opened_total", "TCP connections that were opened.", sums) {
            [RouteEvidence.Answer(status: 0): $0.assigned]
        }
            + counter("istio_tcp_connections_closed_total", "TCP connections that have ended.", sums) {
                $0.answers
            }
            + counter("istio_tcp_sent_bytes_total", "Bytes sent to clients of TCP connections.", sums) {
                [RouteEvidence.Answer(status: 0): $0.bytesSent]
            }
            + counter(
                "istio_tcp_received_bytes_total",
                "Bytes received from clients of TCP connections.",
                sums
            ) { [RouteEvidence.Answer(status: 0): $0.bytesReceived] }
    }

    /// Sums that differ only in what labels do not show are one series. Nothing where there are none: most proxies serve no TCP.
    private static func counter(
        _ name: String,
        _ help: String,
        _ sums: [SeriesLabels: RouteEvidence],
        _ counts: (RouteEvidence) -> [RouteEvidence.Answer: UInt64]
    ) -> String {
        var series: [String: UInt64] = [:]
        for (labels, evidence) in sums {
            for (answer, count) in counts(evidence) { series[labels.text(answer), default: 0] &+= count }
        }
        guard !series.isEmpty else { return "" }
        let lines = series.map { "\(name){\($0)} \($1)\n" }
        return "# HELP \(name) \(help)\n# TYPE \(name) counter\n" + lines.sorted().joined()
    }
}
