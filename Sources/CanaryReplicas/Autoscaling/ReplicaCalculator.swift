// SPDX-License-Identifier: Apache-2.0

/// How many replicas bring one metric to its target, as Kubernetes' `replica_calculator.go` computes it.
struct ReplicaCalculator {
    /// How far the ratio of a metric to its target may be from one without anything being done.
    struct Tolerance {
        var up = 0.1
        var down = 0.1

        func contains(_ ratio: Double) -> Bool { (1 - down...1 + up).contains(ratio) }
    }

    struct Proposal: Equatable {
        var replicas: Int
        /// Percent of what the pods request, where that is the target.
        var utilization: Int?
        /// Of all, where the target is for all, else for each pod.
        var value: MilliValue
    }

    var tolerance = Tolerance()
    var cpuInitializationPeriod = Duration.seconds(300)
    var readinessDelay = Duration.seconds(30)
    var now: TimePoint
    var pods: [ObservedPod]
    /// `spec.replicas` of the target.
    var current: Int

    // MARK: - Numbers of pods

    /// For a target in percent of what the pods, or their containers of a name, request.
    func replicas(
        utilization target: Int,
        of resource: String,
        container: String?,
        _ metrics: [String: PodMetric]
    ) throws(MetricProblem) -> Proposal {
        let requests = try requests(for: resource, container: container)
        var utilization: Int?
        var average = MilliValue.zero
        // Pods without a measurement use all that they request, or as much as is wanted.
        let assumed = requests.mapValues {
            MilliValue(Int64(clamping: Int128($0.thousandths) * Int128(max(100, target)) / 100))
        }
        let replicas = try replicas(
            metrics,
            isCPU: resource == "cpu",
            missing: { name, ratio in ratio < 1 ? assumed[name] : ratio > 1 ? .zero : nil }
        ) { values throws(MetricProblem) in
            let usage = try Usage(values, requests: requests)
            if utilization == nil { (utilization, average) = (usage.utilization, usage.average) }
            return Double(usage.utilization) / Double(target)
        }
        return Proposal(replicas: replicas, utilization: utilization, value: average)
    }

    /// For a target that each pod shall have on average.
    func replicas(
        averageValue target: MilliValue,
        isCPU: Bool,
        _ metrics: [String: PodMetric]
    ) throws(MetricProblem) -> Proposal {
        var average: MilliValue?
        let replicas = try replicas(
            metrics,
            isCPU: isCPU,
            missing: { _, ratio in ratio < 1 ? target : .zero }
        ) { values in
            let mean = Usage.mean(values)
            average = average ?? mean
            return Double(mean.thousandths) / Double(target.thousandths)
        }
        return Proposal(replicas: replicas, value: average ?? .zero)
    }

    /// The first look is at pods with measurements that count. Where others are left out and it says that something is to be done,
    /// these are taken for what makes that less, and never for what makes the opposite of it.
    private func replicas(
        _ metrics: [String: PodMetric],
        isCPU: Bool,
        missing value: (String, Double) -> MilliValue?,
        ratio: ([String: MilliValue]) throws(MetricProblem) -> Double
    ) throws(MetricProblem) -> Int {
        guard !pods.isEmpty else { throw .noPods }
        let groups = PodGroups(pods, metrics: metrics, isCPU: isCPU, self)
        var values = metrics.mapValues(\.value).filter { name, _ in
            !groups.ignored.contains(name) && !groups.unready.contains(name)
        }
        guard !values.isEmpty else { throw .noMetricsOfPods }
        let first = try ratio(values)

        let addsUnready = first > 1 && !groups.unready.isEmpty
        guard addsUnready || !groups.missing.isEmpty else {
            return tolerance.contains(first) ? current : Self.count(first * Double(groups.readyCount))
        }
        for name in groups.missing { values[name] = value(name, first) }
        for name in groups.unready where addsUnready { values[name] = .zero }
        let second = try ratio(values)
        let turns = (first < 1 && second > 1) || (first > 1 && second < 1)
        guard !tolerance.contains(second), !turns else { return current }
        let replicas = Self.count(second * Double(values.count))
        // While the target is updated it has more or fewer pods than it shall have.
        let isContrary = second < 1 ? replicas > current : replicas < current
        return isContrary ? current : replicas
    }

    // MARK: - Numbers of objects

    /// For a target that the number as a whole shall have.
    func replicas(value target: MilliValue, _ reading: MilliValue) throws(MetricProblem) -> Proposal {
        let ratio = Double(reading.thousandths) / Double(target.thousandths)
        guard current != 0 else { return Proposal(replicas: Self.count(ratio), value: reading) }
        guard !tolerance.contains(ratio) else { return Proposal(replicas: current, value: reading) }
        guard !pods.isEmpty else { throw .noPods }
        let ready = pods.count { $0.phase == .running && $0.readiness?.isReady == true }
        return Proposal(replicas: Self.count(ratio * Double(ready)), value: reading)
    }

    /// For a target that the number shall have when it is divided among the pods that are there.
    func replicas(averageValue target: MilliValue, _ reading: MilliValue, among running: Int) -> Proposal {
        let (value, wanted) = (Double(reading.thousandths), Double(target.thousandths))
        let isFine = running > 0 && tolerance.contains(value / (wanted * Double(running)))
        let average = running > 0 ? (value / Double(running)).rounded(.up) : value
        return Proposal(
            replicas: isFine ? running : Self.count(value / wanted),
            value: MilliValue(Int64(exactly: average) ?? .max)
        )
    }

    /// What is a little more than a number of pods needs one more.
    private static func count(_ exact: Double) -> Int {
        Int(min(max(exact.rounded(.up), 0), Double(Int32.max)))
    }

    /// What each pod requests. One container that requests nothing makes percentages meaningless.
    private func requests(for resource: String, container: String?) throws(MetricProblem) -> [String:
        MilliValue]
    {
        var requests: [String: MilliValue] = [:]
        for pod in pods {
            var sum = Int64.zero
            for candidate in pod.containers where container == nil || candidate.name == container {
                guard let request = candidate.requests[resource] else {
                    throw .missingRequest(resource: resource, container: candidate.name, pod: pod.name)
                }
                sum = Int64(clamping: Int128(sum) + Int128(request.thousandths))
            }
            requests[pod.name] = MilliValue(sum)
        }
        return requests
    }
}

/// What pods use of what they request.
private struct Usage {
    /// Percent, rounded down.
    var utilization: Int
    var average: MilliValue

    /// Measurements of pods that nobody knows are left out.
    init(_ values: [String: MilliValue], requests: [String: MilliValue]) throws(MetricProblem) {
        var (used, requested, count) = (Int128.zero, Int128.zero, Int128.zero)
        for (name, value) in values {
            guard let request = requests[name] else { continue }
            used += Int128(value.thousandths)
            requested += Int128(request.thousandths)
            count += 1
        }
        guard requested != 0 else { throw .noMetricsOfKnownPods }
        utilization = Int(Int32(clamping: used * 100 / requested))
        average = MilliValue(Int64(clamping: used / count))
    }

    static func mean(_ values: [String: MilliValue]) -> MilliValue {
        let sum = values.values.reduce(Int128.zero) { $0 + Int128($1.thousandths) }
        return MilliValue(Int64(clamping: sum / Int128(max(values.count, 1))))
    }
}
