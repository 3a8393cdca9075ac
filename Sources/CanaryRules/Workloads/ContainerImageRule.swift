// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A container has no image, or one with spaces around it.
enum ContainerImageRule: ObjectRule {
    static let code = RuleCode("CAN0408")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for container in object.containers where container.node.mapping != nil {
            let name = container["name"]?.string ?? ""
            let image = container["image"]?.string ?? ""
            if image.isEmpty, container["image"] == nil || container["image"]?.string != nil {
                report.add(
                    at: container.field("image"),
                    "the container \"\(name)\" has no image",
                    hint: "add \"image:\""
                )
            } else if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
                report.add(
                    at: container.field("image"),
                    "the image \"\(image)\" has spaces around it",
                    hint: "write it without spaces"
                )
            }
        }
    }
}
