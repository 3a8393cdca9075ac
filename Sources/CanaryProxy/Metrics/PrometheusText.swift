// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import Synchronization

/// Metrics in Prometheus' text format, under Istio's names and with Istio's labels, so that dashboards for Istio work.
struct PrometheusText {
    let shared: ProxyShared

    func text() -> String {
        let counters = shared.countersByIdentifier().sorted { $0.key < $1.key }.compactMap {
            identifier,
            snapshot in
            shared.identifiers.counter(identifier).map { ($0, snapshot) }
        }
        return requests(counters) + durations(counters) + gauges()
    }

    /// Counters that differ only in what labels do not show are one series.
    private func requests(_ counters: [(RouteCounter, CounterSnapshot)]) -> String {
        var series: [String: UInt64] = [:]
        for (counter, snapshot) in counters {
            for (answer, count) in snapshot.answers {
                let labels = Self.labels(counter, answer)
                series[labels, default: 0] += count
            }
        }
        var text = "# HELP istio_requests_total Requests by answer.\n# TYPE istio_requests_total counter\n"
        for (labels, count) in series.sorted(by: { $0.key < $1.key }) {
            text += "istio_requests_total{\(labels)} \(count)\n"
        }
        return text
    }

    private func durations(_ counters: [(RouteCounter, CounterSnapshot)]) -> String {
        let name = "istio_request_duration_milliseconds"
        var series: [String: CounterSnapshot] = [:]
        for (counter, snapshot) in counters {
            series[Self.labels(counter), default: CounterSnapshot()].add(snapshot)
        }
        var text =
            "# HELP \(name) Time from a request's head to its answer's end.\n# TYPE \(name) histogram\n"
        for (labels, snapshot) in series.sorted(by: { $0.key < $1.key }) {
            var total: UInt64 = 0
            for (index, bound) in LatencyBuckets.bounds.enumerated() {
                total += snapshot.buckets[index]
                text += "\(name)_bucket{\(labels),le=\"\(Self.number(bound))\"} \(total)\n"
            }
            total += snapshot.buckets[LatencyBuckets.bounds.count]
            text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(total)\n"
            text += "\(name)_sum{\(labels)} \(Double(snapshot.nanoseconds) / 1_000_000)\n"
            text += "\(name)_count{\(labels)} \(total)\n"
        }
        return text
    }

    private func gauges() -> String {
        let state = shared.publication()
        let sum = { (value: (WorkerCounters) -> Int) in shared.counters.reduce(0) { $0 + value($1) } }
        let unassigned = shared.counters.reduce(into: CounterSnapshot()) { $0.add($1.unassignedSnapshot()) }
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
                "canaryctl_unrouted_requests_total", "counter", "Requests that no destination was found for.",
                Int(unassigned.answers.values.reduce(0, +))
            ),
            (
                "canaryctl_table_revision", "gauge", "The store's revision that requests are routed by.",
                Int(state.table?.revision ?? -1)
            ),
            ("canaryctl_draining", "gauge", "1 while the proxy drains.", state.isDraining ? 1 : 0),
            ("canaryctl_workers", "gauge", "Worker threads.", shared.counters.count),
        ]
        return gauges.map { name, kind, help, value in
            "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n\(name) \(value)\n"
        }.joined()
    }

    // MARK: - Labels

    private static func labels(_ counter: RouteCounter, _ answer: CounterSnapshot.Answer? = nil) -> String {
        let namespace = counter.serviceNamespace
        var labels = [
            ("reporter", "source"), ("source_workload", "unknown"), ("source_workload_namespace", "unknown"),
            ("source_canonical_service", "unknown"), ("source_canonical_revision", "latest"),
            ("source_app", "unknown"), ("source_version", "unknown"),
            ("destination_workload", counter.workload), ("destination_workload_namespace", namespace),
            ("destination_app", counter.serviceName), ("destination_version", counter.version),
            ("destination_service", counter.destinationHost),
            ("destination_service_name", counter.serviceName), ("destination_service_namespace", namespace),
            ("destination_canonical_service", counter.serviceName),
            ("destination_canonical_revision", counter.version), ("request_protocol", "http"),
            ("connection_security_policy", "unknown"),
        ]
        if let answer {
            labels += [("response_code", String(answer.status)), ("response_flags", "\(answer.flag.text)")]
        }
        return labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    static func escaped(_ value: String) -> String {
        var text = ""
        for character in value {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
