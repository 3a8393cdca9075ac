// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// An annotation about health checks does nothing: its value means nothing, its name is misspelt, it stands without the one that
/// asks for checks, or on something that is no Service.
enum HealthCheckAnnotationRule: ObjectRule {
    static let code = RuleCode("CAN0313")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [
        .service, .deployment, .pod, .workloadEntry, .serviceEntry, .virtualService, .destinationRule,
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let annotations = (object.metadata?["annotations"]?.entries ?? []).filter {
            $0.key.hasPrefix(HealthCheckPolicy.annotation)
        }
        guard !annotations.isEmpty else { return }
        guard object.resource.kind == .service else {
            for (key, place) in annotations {
                report.add(
                    at: place,
                    "\"\(key)\" does nothing here",
                    hint: "move it to the Service whose endpoints are to be checked"
                )
            }
            return
        }
        checkNames(annotations, &report)
        do throws(HealthCheckPolicy.Problem) {
            _ = try HealthCheckPolicy(object.resource.metadata.annotations)
        } catch {
            for (key, place) in annotations where key == error.annotation {
                report.add(at: place, "\(error.message): endpoints are not checked", hint: hint(about: key))
            }
        }
    }

    private static func checkNames(
        _ annotations: [(key: String, value: Located)],
        _ report: inout RuleReport
    ) {
        let known = [HealthCheckPolicy.annotation] + HealthCheckPolicy.details
        let isAsked = annotations.contains { $0.key == HealthCheckPolicy.annotation }
        for (key, place) in annotations {
            if !known.contains(key) {
                let near = Suggestion.closest(to: key, among: known)
                report.add(
                    at: place,
                    "\"\(key)\" is no annotation about health checks",
                    hint: near.map { "did you mean \"\($0)\"?" } ?? "man canaryctl-manifest lists them"
                )
            } else if !isAsked {
                report.add(
                    at: place,
                    "\"\(key)\" does nothing without \"\(HealthCheckPolicy.annotation)\"",
                    hint: "add \(HealthCheckPolicy.annotation): http:/healthz, or tcp"
                )
            }
        }
    }

    private static func hint(about annotation: String) -> String {
        switch annotation {
        case HealthCheckPolicy.annotation: "write \"tcp\", or \"http:\" and a path: http:/healthz"
        case HealthCheckPolicy.interval, HealthCheckPolicy.timeout: "write a time with its unit, such as 5s"
        default: "write a number, such as \"3\""
        }
    }
}
