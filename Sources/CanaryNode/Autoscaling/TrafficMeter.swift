// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
import CanaryResources

/// What proxies counted of a destination.
package struct DestinationTraffic: Sendable {
    /// Unique among all destinations.
    package var name: String
    /// The Service that it is of, by its full name.
    package var host: String
    /// The endpoints among which requests are spread, and the ports of the machine among these.
    package var endpointCount: Int
    package var ports: Set<Int>
    /// That were assigned so far.
    package var requests: UInt64
    /// Of these that have not ended.
    package var underWay: UInt64

    package init(
        _ name: String,
        host: String,
        endpointCount: Int,
        ports: Set<Int>,
        requests: UInt64,
        underWay: UInt64
    ) {
        self.name = name
        self.host = host
        self.endpointCount = endpointCount
        self.ports = ports
        self.requests = requests
        self.underWay = underWay
    }
}

/// What pods and Services have to do with requests, from looks at what proxies counted.
///
/// Counts are of destinations: each of a destination's endpoints counts for the same part of it.
package struct TrafficMeter: Sendable {
    /// The metrics by their names in `spec.metrics`.
    package enum Metric: String, CaseIterable, Sendable {
        case rate = "requests_per_second"
        case underWay = "requests_in_flight"
    }

    private struct Look {
        var traffic: DestinationTraffic
        var time: TimePoint
        /// Thousandths, from the look before to this one; `nil` for a first look.
        var rate: Int64?

        func thousandths(_ metric: Metric) -> Int64? {
            switch metric {
            case .rate: rate
            case .underWay: Int64(clamping: traffic.underWay) * 1000
            }
        }
    }

    private var looks: [String: Look] = [:]
    private var window = Duration.zero

    package init() {}

    package mutating func look(at destinations: [DestinationTraffic], at now: TimePoint) {
        let before = looks
        looks = [:]
        for traffic in destinations {
            var look = Look(traffic: traffic, time: now)
            if let last = before[traffic.name], now > last.time {
                window = now - last.time
                let new =
                    traffic.requests > last.traffic.requests ? traffic.requests - last.traffic.requests : 0
                look.rate = Int64(min(new, 1 << 40)) * 1_000_000 / Int64(window.milliseconds)
            }
            looks[traffic.name] = look
        }
    }

    /// What was measured for a metric of the types `Pods` and `Object`.
    package func reading(for source: MetricSpec.Source, of pods: [MeasuredPod]) -> MetricReading {
        switch source {
        case .pods(let name):
            guard let metric = Metric(rawValue: name) else { return Self.unknown(name) }
            var metrics: [String: PodMetric] = [:]
            for pod in pods { metrics[pod.key.name] = value(metric, of: pod) }
            return .pods(metrics)
        case .object(let name, let kind, let object):
            guard let metric = Metric(rawValue: name) else { return Self.unknown(name) }
            guard kind == "Service" else {
                return .unavailable("requests are counted for Services, not for \(kind)")
            }
            let host = HostName.service(object, namespace: pods.first?.key.namespace ?? "default")
            let values = looks.values.filter { $0.traffic.host == host }.compactMap { $0.thousandths(metric) }
            guard !values.isEmpty else { return .unavailable("nothing was counted for the Service yet") }
            return .object(MilliValue(values.reduce(0, +)))
        case .resource, .containerResource, .external, .unknown:
            return .unavailable("the node measures no such metric")
        }
    }

    private func value(_ metric: Metric, of pod: MeasuredPod) -> PodMetric? {
        let looks = looks.values.filter { !$0.traffic.ports.isDisjoint(with: pod.ports) }
        let parts = looks.compactMap { look in
            look.thousandths(metric).map { $0 / Int64(max(look.traffic.endpointCount, 1)) }
        }
        guard let time = looks.first?.time, !parts.isEmpty else { return nil }
        return PodMetric(MilliValue(parts.reduce(0, +)), at: time, window: window)
    }

    private static func unknown(_ name: String) -> MetricReading {
        let known = Metric.allCases.map(\.rawValue).joined(separator: " and ")
        return .unavailable("the proxy counts \(known), not \(name)")
    }
}
