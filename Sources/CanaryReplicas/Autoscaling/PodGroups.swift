// SPDX-License-Identifier: Apache-2.0

/// The pods of a target, sorted by what their measurements are worth (Kubernetes' `groupPods`).
struct PodGroups {
    /// How many pods have a measurement that counts.
    private(set) var readyCount = 0
    /// Those whose measurement says nothing yet: they only begin.
    private(set) var unready: Set<String> = []
    /// Those that leave or have failed.
    private(set) var ignored: Set<String> = []
    /// Those without a measurement.
    private(set) var missing: Set<String> = []

    init(_ pods: [ObservedPod], metrics: [String: PodMetric], isCPU: Bool, _ calculator: ReplicaCalculator) {
        for pod in pods {
            if pod.isTerminating || pod.phase == .failed {
                ignored.insert(pod.name)
            } else if pod.phase == .pending {
                unready.insert(pod.name)
            } else if let metric = metrics[pod.name] {
                if isCPU, calculator.ignoresCPU(of: pod, metric) {
                    unready.insert(pod.name)
                } else {
                    readyCount += 1
                }
            } else {
                missing.insert(pod.name)
            }
        }
    }
}

extension ReplicaCalculator {
    /// Starting takes more processor time than serving, so that pods are looked at only once they are settled.
    fileprivate func ignoresCPU(of pod: ObservedPod, _ metric: PodMetric) -> Bool {
        guard let readiness = pod.readiness, let startTime = pod.startTime else { return true }
        if startTime + cpuInitializationPeriod > now {
            return !readiness.isReady || metric.time < readiness.since + metric.window
        }
        // It was never ready.
        return !readiness.isReady && startTime + readinessDelay > readiness.since
    }
}
