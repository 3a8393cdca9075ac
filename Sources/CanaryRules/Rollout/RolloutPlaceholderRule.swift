// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A text of a metric or a notification has a word in double braces that stands for nothing.
///
/// `{{args.NAME}}` stands for an argument in the metrics of an AnalysisTemplate, and nowhere else.
enum RolloutPlaceholderRule: ObjectRule {
    static let code = RuleCode("CAN1218")
    static let kinds: Set<ResourceKind> = [.rollout, .analysisTemplate]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let arguments = object.resource.analysisTemplate?.arguments.map { "args.\($0.name)" } ?? []
        let known = RolloutMetric.placeholders + arguments
        for place in object.metrics { check(place, known, &report) }
        for place in object.spec?["notifications"]?.items ?? [] { check(place, known, &report) }
    }

    private static func check(_ place: Located, _ known: [String], _ report: inout RuleReport) {
        for item in place.items { check(item, known, &report) }
        for entry in place.node.mapping?.entries ?? [] {
            if let child = place[entry.key] { check(child, known, &report) }
        }
        guard let text = place.string else { return }
        for name in Placeholders.names(in: text) where !known.contains(name) {
            let near = Suggestion.closest(to: name, among: known).map { "did you mean {{\($0)}}?" }
            report.add(
                at: place,
                "nothing stands for {{\(name)}}",
                hint: near ?? "write one of \(known.map { "{{\($0)}}" }.joined(separator: ", "))"
            )
        }
    }
}
