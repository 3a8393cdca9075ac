// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
import CanaryResources

/// What pods use, from looks at their processes: processor time is the difference of two looks.
package struct UsageMeter: Sendable {
    /// One start of a container.
    private struct Run: Hashable {
        var pod: ResourceKey
        var container: String
        var root: UsageRoot
    }

    private struct Look {
        var reading: ProcessUsage.Reading
        var time: TimePoint
        /// What came of it and the look before; `nil` for a first look.
        var cpu: PodMetric?

        var memory: PodMetric {
            PodMetric(MilliValue(reading.memory * 1000), at: time, window: .zero)
        }
    }

    private var looks: [Run: Look] = [:]

    package init() {}

    /// - Parameter usage: what the processes of a container use.
    package mutating func look(
        at pods: [MeasuredPod],
        _ usage: (UsageRoot) -> ProcessUsage.Reading,
        at now: TimePoint
    ) {
        let before = looks
        looks = [:]
        for run in pods.flatMap(Self.runs) {
            let reading = usage(run.root)
            looks[run] = Look(
                reading: reading,
                time: now,
                cpu: before[run].flatMap { Self.cpu(from: $0, to: reading, at: now) }
            )
        }
    }

    /// What was measured of pods for a metric. A pod of which a container was seen only once has used no processor time yet that is known.
    package func reading(for source: MetricSpec.Source, of pods: [MeasuredPod]) -> MetricReading {
        switch source {
        case .resource(let name): perPod(name, pods) { Self.runs(of: $0) }
        case .containerResource(let name, let container):
            perPod(name, pods) { Self.runs(of: $0).filter { $0.container == container } }
        case .pods, .object, .external, .unknown:
            .unavailable("nothing measures it")
        }
    }

    private func perPod(_ resource: String, _ pods: [MeasuredPod], _ runs: (MeasuredPod) -> [Run])
        -> MetricReading
    {
        guard ["cpu", "memory"].contains(resource) else {
            return .unavailable("the node measures cpu and memory, not \(resource)")
        }
        var metrics: [String: PodMetric] = [:]
        for pod in pods { metrics[pod.key.name] = sum(resource, runs(pod)) }
        return .pods(metrics)
    }

    private func sum(_ resource: String, _ runs: [Run]) -> PodMetric? {
        var parts: [PodMetric] = []
        for run in runs {
            guard let part = looks[run].flatMap({ resource == "cpu" ? $0.cpu : $0.memory }) else {
                return nil
            }
            parts.append(part)
        }
        guard var total = parts.first else { return nil }
        total.value = MilliValue(parts.reduce(0) { $0 + $1.value.thousandths })
        return total
    }

    /// Of the containers that count: init containers end before the pod serves.
    private static func runs(of pod: MeasuredPod) -> [Run] {
        pod.observed.containers.compactMap { container in
            pod.roots[container.name].map {
                Run(pod: pod.key, container: container.name, root: $0)
            }
        }
    }

    /// Thousandths of a processor. Children of a process that ignores SIGCHLD take their time along: there can be less than before.
    private static func cpu(from before: Look, to reading: ProcessUsage.Reading, at now: TimePoint)
        -> PodMetric?
    {
        let window = now - before.time
        guard window > .zero else { return before.cpu }
        let used = max(0, reading.cpuMilliseconds - before.reading.cpuMilliseconds)
        return PodMetric(MilliValue(used * 1000 / Int64(window.milliseconds)), at: now, window: window)
    }
}
