// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// An annotation about health checks of a Service's endpoints has a value that means nothing, so that none of them is checked.
enum HealthCheckAnnotationRule: ObjectRule {
    static let code = RuleCode("CAN0313")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.service]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        do throws(HealthCheckPolicy.Problem) {
            _ = try HealthCheckPolicy(object.resource.metadata.annotations)
        } catch {
            for (key, place) in object.metadata?["annotations"]?.entries ?? [] where key == error.annotation {
                report.add(
                    at: place,
                    "\(error.message): endpoints are not checked",
                    hint: "man canaryctl-manifest tells what the annotation takes"
                )
            }
        }
    }
}
