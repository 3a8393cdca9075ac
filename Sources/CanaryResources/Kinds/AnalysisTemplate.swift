// SPDX-License-Identifier: Apache-2.0

/// Metrics that several Rollouts use, with places for what differs. In the manner of Argo's kind of that name.
package struct AnalysisTemplate: Sendable {
    /// Something that differs, and what it is where nobody says; `nil` where somebody has to.
    package struct Argument: Sendable {
        package var name: String
        package var value: String?

        init(_ node: Node) {
            name = node["name"]?.string ?? ""
            value = node["value"]?.string
        }
    }

    package var arguments: [Argument]
    /// As written, with their places.
    package var metrics: [Node]

    init(_ body: Node) {
        let spec = body["spec"]
        arguments = (spec?["args"]?.items ?? []).map(Argument.init)
        metrics = spec?["metrics"]?.items ?? []
    }

    /// The metrics with what a Rollout says filled in.
    func metrics(with given: [Argument]) -> [Node] {
        let values = (arguments + given).compactMap { argument in
            argument.value.map { ("args.\(argument.name)", $0) }
        }
        let table = Dictionary(values) { $1 }
        return metrics.map { Placeholders.fill($0, table) }
    }

    /// The arguments that have a value neither here nor there.
    package func missing(_ given: [Argument]) -> [String] {
        let names = Set((arguments + given).filter { $0.value != nil }.map(\.name))
        return arguments.map(\.name).filter { !names.contains($0) }
    }
}

/// A template that a Rollout uses.
package struct AnalysisTemplateUse: Sendable {
    package var name: String
    package var arguments: [AnalysisTemplate.Argument]

    init(_ node: Node) {
        name = node["name"]?.string ?? ""
        arguments = (node["args"]?.items ?? []).map(AnalysisTemplate.Argument.init)
    }
}

extension Resource {
    /// A Rollout with the metrics of its templates as its own: what is asked is what they are now.
    ///
    /// - Returns: `nil` where there is no such template, which is the first one that is named.
    package func resolvingTemplates<E: Error>(
        _ find: (String) throws(E) -> AnalysisTemplate?
    ) throws(E) -> (rollout: Resource, missing: String?) {
        guard let uses = rollout?.analysis.templates, !uses.isEmpty else { return (self, nil) }
        var metrics = body["spec"]?["analysis"]?["metrics"]?.items ?? []
        for use in uses {
            guard let template = try find(use.name) else { return (self, use.name) }
            metrics += template.metrics(with: use.arguments)
        }
        var body = body
        body.set(.sequence(metrics), at: "spec", "analysis", "metrics")
        body.set(nil, at: "spec", "analysis", "templates")
        return (Resource(key: key, body: body, stored: stored), nil)
    }
}
