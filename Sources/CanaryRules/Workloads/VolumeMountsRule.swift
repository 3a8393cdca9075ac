// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container mounts a volume that its pod does not have, nowhere, or two at the same place.
enum VolumeMountsRule: ObjectRule {
    static let code = RuleCode("CAN0411")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let volumes = Set((object.podSpec?["volumes"]?.items ?? []).compactMap { $0["name"]?.string })
        for container in object.containers {
            var places: Set<String> = []
            for mount in container["volumeMounts"]?.items ?? [] {
                if let place = mount["name"], let name = place.string, !volumes.contains(name) {
                    let near = Suggestion.closest(to: name, among: volumes.sorted())
                    report.add(
                        at: place,
                        "the pod has no volume \"\(name)\"",
                        hint: near.map { "did you mean \"\($0)\"?" } ?? "add it under \"volumes:\" of the pod"
                    )
                }
                guard let place = mount["mountPath"], let path = place.string else { continue }
                if path.isEmpty {
                    report.add(at: place, "the path to mount at is empty", hint: "write a path such as /data")
                } else if !places.insert(path).inserted {
                    report.add(
                        at: place,
                        "two volumes are mounted at \"\(path)\"",
                        hint: "give each a path of its own"
                    )
                }
            }
        }
    }
}
