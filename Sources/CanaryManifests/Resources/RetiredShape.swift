// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Fields of versions that Kubernetes removed, as the version that follows has them. Values keep their places.
enum RetiredShape {
    /// - Parameter apiVersion: the version that the object was written in.
    static func convert(_ body: inout Mapping, _ kind: ResourceKind, from apiVersion: String) {
        switch (kind, apiVersion) {
        case (.horizontalPodAutoscaler, "autoscaling/v2beta1"):
            change("spec", of: &body) { spec in
                changeItems("metrics", of: &spec) { metric in
                    for (source, field) in metricFields { change(source, of: &metric, field.convert) }
                }
            }
        case (.endpointSlice, _): changeItems("endpoints", of: &body, topology)
        case _ where kind.selectsPods: selector(&body)
        default: break
        }
    }

    // MARK: - Workloads

    /// The selector was that of the template's labels where none was given.
    private static func selector(_ body: inout Mapping) {
        guard let labels = body["spec"]?["template"]?["metadata"]?["labels"] else { return }
        change("spec", of: &body) { spec in
            if spec["selector"]?.isNull ?? true { spec["selector"] = .mapping(["matchLabels": labels]) }
        }
    }

    // MARK: - EndpointSlices

    private static func topology(_ endpoint: inout Mapping) {
        guard let entry = endpoint.entry("topology"), var labels = entry.value.mapping else { return }
        endpoint["topology"] = nil
        for (label, field) in [
            ("kubernetes.io/hostname", "nodeName"), ("topology.kubernetes.io/zone", "zone"),
        ] {
            if endpoint[field] == nil { endpoint[field] = labels[label] }
            labels[label] = nil
        }
        guard !labels.entries.isEmpty else { return }
        endpoint["deprecatedTopology"] = Node(.mapping(labels), at: entry.value.position)
    }

    // MARK: - Metrics of autoscalers

    /// Where a kind of metric had its name, its selector and its targets.
    private struct MetricFields {
        var isNamed = true
        var selector = "selector"
        /// By the field of today's target.
        var targets: KeyValuePairs<String, (type: String, old: String)>

        func convert(_ source: inout Mapping) {
            guard targets.contains(where: { source[$0.value.old] != nil }) || source["metricName"] != nil
            else {
                return
            }
            // An Object metric called the object that it is about its target.
            if let object = source["target"] {
                source["describedObject"] = object
                source["target"] = nil
            }
            if isNamed {
                var metric = Mapping()
                metric["name"] = source["metricName"]
                metric["selector"] = source[selector]
                source["metric"] = Node(.mapping(metric), at: source["metricName"]?.position ?? .unknown)
                source["metricName"] = nil
                source[selector] = nil
            }
            for (field, target) in targets {
                guard let value = source[target.old] else { continue }
                source["target"] = .mapping(["type": .string(target.type), field: value])
                source[target.old] = nil
            }
        }
    }

    private static let utilization: KeyValuePairs<String, (type: String, old: String)> = [
        "averageValue": ("AverageValue", "targetAverageValue"),
        "averageUtilization": ("Utilization", "targetAverageUtilization"),
    ]

    private static let metricFields: KeyValuePairs<String, MetricFields> = [
        "resource": MetricFields(isNamed: false, targets: utilization),
        "containerResource": MetricFields(isNamed: false, targets: utilization),
        "pods": MetricFields(targets: ["averageValue": ("AverageValue", "targetAverageValue")]),
        "object": MetricFields(targets: [
            "value": ("Value", "targetValue"), "averageValue": ("AverageValue", "averageValue"),
        ]),
        "external": MetricFields(
            selector: "metricSelector",
            targets: [
                "value": ("Value", "targetValue"), "averageValue": ("AverageValue", "targetAverageValue"),
            ]
        ),
    ]

    // MARK: - Walking

    private static func change(_ key: String, of mapping: inout Mapping, _ body: (inout Mapping) -> Void) {
        guard let node = mapping[key], var inner = node.mapping else { return }
        body(&inner)
        mapping[key] = Node(.mapping(inner), at: node.position)
    }

    private static func changeItems(_ key: String, of mapping: inout Mapping, _ body: (inout Mapping) -> Void)
    {
        guard let node = mapping[key], let items = node.sequence else { return }
        let changed = items.map { item in
            guard var inner = item.mapping else { return item }
            body(&inner)
            return Node(.mapping(inner), at: item.position)
        }
        mapping[key] = Node(.sequence(changed), at: node.position)
    }
}
