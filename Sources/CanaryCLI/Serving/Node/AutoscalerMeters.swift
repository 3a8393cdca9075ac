// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryProxy
import CanaryReplicas
import CanaryResources

/// What is measured for autoscalers: processes by the node, requests by its proxy.
struct AutoscalerMeters {
    private let proxy: Proxy
    private var usage = UsageMeter()
    private var traffic = TrafficMeter()

    init(_ proxy: Proxy) {
        self.proxy = proxy
    }

    /// Looks at what the metrics ask for: all processes of the machine are many, and so may be the proxy's destinations.
    mutating func look(for sight: HorizontalAutoscaling.Sight, at now: TimePoint) {
        let sources = sight.autoscalers.compactMap(AutoscalerSpec.init).flatMap(\.metrics).map(\.source)
        if sources.contains(where: { !$0.isOfRequests }), !sight.pods.isEmpty {
            usage.look(at: sight.pods, ProcessUsage().reading, at: now)
        }
        if sources.contains(where: \.isOfRequests) {
            traffic.look(at: proxy.loads.map(DestinationTraffic.init), at: now)
        }
    }

    func reading(for source: MetricSpec.Source, of pods: [MeasuredPod]) -> MetricReading {
        source.isOfRequests ? traffic.reading(for: source, of: pods) : usage.reading(for: source, of: pods)
    }
}

extension MetricSpec.Source {
    fileprivate var isOfRequests: Bool {
        switch self {
        case .pods, .object: true
        case .resource, .containerResource, .external, .unknown: false
        }
    }
}

extension DestinationTraffic {
    /// The ports are the machine's: pods of the node are endpoints under its address.
    fileprivate init(_ load: DestinationLoad) {
        self.init(
            load.name,
            host: load.host,
            endpointCount: load.endpoints.count,
            ports: Set(
                load.endpoints.filter { $0.hasPrefix("127.0.0.1:") }
                    .compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
            ),
            requests: load.requests,
            underWay: load.underWay
        )
    }
}
