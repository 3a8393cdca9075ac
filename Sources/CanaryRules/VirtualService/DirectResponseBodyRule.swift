// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The body of a direct response is larger than 1 MiB; over 100 KiB it is a warning, because each proxy keeps it in memory.
enum DirectResponseBodyRule: ObjectRule {
    static let code = RuleCode("CAN0238", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for body in object.httpRoutes.compactMap({ $0["directResponse"]?["body"] }) {
            let size =
                body["string"]?.string?.utf8.count ?? body["bytes"]?.string.flatMap(Base64.decodedCount) ?? 0
            if size > 1 << 20 {
                report.add(
                    at: body,
                    "the body has \(size) bytes, more than 1 MiB",
                    hint: "shorten it, or have a server answer"
                )
            } else if size > 100 << 10 {
                report.add(
                    at: body,
                    "the body has \(size) bytes, more than 100 KiB",
                    hint: "shorten it, or have a server answer",
                    severity: .warning
                )
            }
        }
    }
}
