// SPDX-License-Identifier: Apache-2.0

/// A Kubernetes Deployment: how many pods of which labels should run.
package struct Deployment: Sendable {
    /// `nil` where the manifest leaves it out: one, unless an autoscaler or an earlier value says otherwise.
    package var replicas: Int?
    package var selector: LabelSelector
    package var template: PodTemplate

    init(_ body: Node) {
        let spec = body["spec"]
        replicas = spec?["replicas"]?.integer.map { Int($0) }
        selector = LabelSelector(spec?["selector"])
        template = PodTemplate(spec?["template"])
    }
}

/// What else makes pods: a StatefulSet, a Job, a Rollout of Argo. It is read for the labels of its pods, and not run.
package struct PodController: Sendable {
    package var replicas: Int?
    package var template: PodTemplate

    init(_ body: Node) {
        let spec = body["spec"]
        replicas = spec?["replicas"]?.integer.map { Int($0) }
        template = PodTemplate(spec?["jobTemplate"]?["spec"]?["template"] ?? spec?["template"])
    }
}

/// A Kubernetes Pod, declared by hand or run by the node.
package struct Pod: Sendable {
    package var template: PodTemplate
    /// `nil` until it has one, and when it leaves: no new request may reach it then.
    package var address: String?
    package var isReady: Bool
    /// Whether its address is the machine's, so that its ports are the machine's, too.
    package var usesHostNetwork: Bool

    init(_ body: Node) {
        template = PodTemplate(body)
        usesHostNetwork = body["spec"]?["hostNetwork"]?.bool ?? false
        let status = body["status"]
        address = body["metadata"]?["deletionTimestamp"] == nil ? status?["podIP"]?.string : nil
        let ready = status?["conditions"]?.items.first { $0["type"]?.string == "Ready" }
        isReady = ready?["status"]?.string == "True"
    }
}

/// What a pod is made of, as far as traffic is concerned.
package struct PodTemplate: Sendable {
    package struct Container: Sendable {
        package var name: String
        package var image: String?
        package var ports: [ContainerPort]
    }

    package struct ContainerPort: Sendable {
        package var name: String?
        package var containerPort: Int
        /// The port of the machine that it is open under.
        package var hostPort: Int?
    }

    package var labels: [String: String]
    package var containers: [Container]

    init(_ node: Node?) {
        labels = node?["metadata"]?["labels"]?.stringMap ?? [:]
        containers = (node?["spec"]?["containers"]?.items ?? []).map { container in
            Container(
                name: container["name"]?.string ?? "",
                image: container["image"]?.string,
                ports: (container["ports"]?.items ?? []).compactMap { port in
                    guard let number = port["containerPort"]?.integer else { return nil }
                    return ContainerPort(
                        name: port["name"]?.string,
                        containerPort: Int(number),
                        hostPort: port["hostPort"]?.integer.map { Int($0) }
                    )
                }
            )
        }
    }
}

/// Kubernetes' label selector; an empty one selects everything.
package struct LabelSelector: Hashable, Sendable {
    package enum Operator: String, Sendable {
        case isIn = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
        /// Of the command line alone; no manifest spells them so.
        case greaterThan = ">"
        case lessThan = "<"
    }

    package struct Requirement: Hashable, Sendable {
        package var key: String
        package var `operator`: Operator
        package var values: [String]

        package init(key: String, operator: Operator, values: [String]) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }
    }

    package var matchLabels: [String: String]
    package var matchExpressions: [Requirement]

    package init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    init(_ node: Node?) {
        matchLabels = node?["matchLabels"]?.stringMap ?? [:]
        matchExpressions = (node?["matchExpressions"]?.items ?? []).compactMap { item in
            guard let key = item["key"]?.string,
                let name = item["operator"]?.string,
                let `operator` = Operator(rawValue: name)
            else { return nil }
            return Requirement(key: key, operator: `operator`, values: item["values"]?.strings ?? [])
        }
    }

    package var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }

    package func matches(_ labels: [String: String]) -> Bool {
        labels.contains(all: matchLabels) && matchExpressions.allSatisfy { $0.matches(labels) }
    }
}

extension LabelSelector.Requirement {
    /// As Kubernetes' labels package: `NotIn` and `DoesNotExist` also hold for objects without the key.
    func matches(_ labels: [String: String]) -> Bool {
        let value = labels[key]
        return switch self.operator {
        case .isIn: value.map(values.contains) ?? false
        case .notIn: value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .greaterThan: isOrdered(value, by: >)
        case .lessThan: isOrdered(value, by: <)
        }
    }

    /// Whether both the label and the selector's value are integers, in an order.
    private func isOrdered(_ value: String?, by order: (Int64, Int64) -> Bool) -> Bool {
        guard let value = value.flatMap({ Int64($0) }), let bound = values.first.flatMap({ Int64($0) }) else {
            return false
        }
        return order(value, bound)
    }
}

extension [String: String] {
    /// Whether every label of the other set is here with the same value.
    package func contains(all other: [String: String]) -> Bool {
        other.allSatisfy { self[$0.key] == $0.value }
    }
}
