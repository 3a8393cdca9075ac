// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// One entry of an autoscaler's `spec.metrics`.
package struct MetricSpec: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// `cpu` or `memory` of all containers of a pod.
        case resource(String)
        /// `cpu` or `memory` of one container of each pod.
        case containerResource(String, container: String)
        /// A number that each pod has.
        case pods(metric: String)
        /// A number that another object has.
        case object(metric: String, kind: String, name: String)
        /// A number from outside of the cluster.
        case external(metric: String)
        /// What is none of these, as the manifest calls it.
        case unknown(type: String)
    }

    /// What the metric shall be. Of several that a manifest gives, Kubernetes takes an average value first.
    package enum Target: Hashable, Sendable {
        /// Percent of what the pods request.
        case utilization(Int)
        /// For each pod.
        case averageValue(MilliValue)
        /// For all of them.
        case value(MilliValue)
    }

    package var source: Source
    /// `nil` where there is none that fits the source.
    package var target: Target?

    package init(_ source: Source, target: Target?) {
        self.source = source
        self.target = target
    }

    /// What Kubernetes does with autoscalers that name no metric.
    package static let usual = MetricSpec(.resource("cpu"), target: .utilization(80))

    init(_ node: Node) {
        let type = node["type"]?.string ?? ""
        let (key, fits) = Self.kinds[type] ?? ("", [])
        let details = node[key]
        source = Self.source(type, details)
        target = Self.targets(details?["target"]).first { fits.contains($0.key) }?.value
    }

    /// Where each type has its details, and which targets mean something there, in the order in which they are taken.
    private static let kinds: [String: (key: String, targets: Set<String>)] = [
        "Resource": ("resource", ["averageValue", "averageUtilization"]),
        "ContainerResource": ("containerResource", ["averageValue", "averageUtilization"]),
        "Pods": ("pods", ["averageValue"]),
        "Object": ("object", ["averageValue", "value"]),
        "External": ("external", ["averageValue", "value"]),
    ]

    private static func source(_ type: String, _ details: Node?) -> Source {
        let resource = details?["name"]?.string ?? ""
        let metric = details?["metric"]?["name"]?.string ?? ""
        switch type {
        case "Resource": return .resource(resource)
        case "ContainerResource":
            return .containerResource(resource, container: details?["container"]?.string ?? "")
        case "Pods": return .pods(metric: metric)
        case "Object":
            let described = details?["describedObject"]
            return .object(
                metric: metric,
                kind: described?["kind"]?.string ?? "",
                name: described?["name"]?.string ?? ""
            )
        case "External": return .external(metric: metric)
        default: return .unknown(type: type)
        }
    }

    private static func targets(_ node: Node?) -> [(key: String, value: Target)] {
        var targets: [(String, Target)] = []
        if let value = MilliValue(node?["averageValue"]) {
            targets.append(("averageValue", .averageValue(value)))
        }
        if let percent = node?["averageUtilization"]?.count, percent > 0 {
            targets.append(("averageUtilization", .utilization(percent)))
        }
        if let value = MilliValue(node?["value"]) { targets.append(("value", .value(value))) }
        return targets.filter { $0.1.isPositive }
    }
}

extension MetricSpec.Target {
    /// A target of zero divides by nothing; manifests with one are refused.
    fileprivate var isPositive: Bool {
        switch self {
        case .utilization(let percent): percent > 0
        case .averageValue(let value), .value(let value): value > .zero
        }
    }
}
