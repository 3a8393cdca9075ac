// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A Rollout uses an AnalysisTemplate that is not there, or not with its arguments.
///
/// A template and its Rollouts are in one namespace. What a rollout asks is what its templates are when it begins.
enum AnalysisTemplateUseRule: ReferenceRule {
    static let code = RuleCode("CAN1220")
    static let kinds: Set<ResourceKind> = [.rollout]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        var names = Set(object.resource.rollout?.analysis.metrics.map(\.name) ?? [])
        let uses = object.resource.rollout?.analysis.templates ?? []
        for (place, use) in zip(object.spec?["analysis"]?["templates"]?.items ?? [], uses) {
            let key = ResourceKey(.analysisTemplate, namespace: object.resource.namespace, name: use.name)
            guard let template = cluster.snapshot.resource(key)?.analysisTemplate else {
                report.add(
                    at: place.field("name"),
                    "there is no AnalysisTemplate \"\(use.name)\" in namespace \"\(key.namespace)\"",
                    hint: "create it, or name another one"
                )
                continue
            }
            check(use, of: template, place, &report)
            for name in template.metrics.compactMap({ $0["name"]?.string }) where !names.insert(name).inserted
            {
                report.add(
                    at: place.field("name"),
                    "a metric \"\(name)\" is there without AnalysisTemplate \"\(use.name)\"",
                    hint: "give each metric a name of its own"
                )
            }
        }
    }

    private static func check(
        _ use: AnalysisTemplateUse,
        of template: AnalysisTemplate,
        _ place: Located,
        _ report: inout RuleReport
    ) {
        let known = template.arguments.map(\.name)
        for (argument, item) in zip(use.arguments, place["args"]?.items ?? []) {
            guard !known.contains(argument.name) else { continue }
            let near = Suggestion.closest(to: argument.name, among: known).map { "did you mean \"\($0)\"?" }
            report.add(
                at: item.field("name"),
                "AnalysisTemplate \"\(use.name)\" has no argument \"\(argument.name)\"",
                hint: near ?? "leave it out"
            )
        }
        for name in template.missing(use.arguments) {
            report.add(
                at: place.field("args"),
                "AnalysisTemplate \"\(use.name)\" needs a value for its argument \"\(name)\"",
                hint: "write \"args: [{name: \(name), value: …}]\""
            )
        }
    }
}
