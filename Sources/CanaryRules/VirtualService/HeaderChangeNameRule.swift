// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A header that a route sets, adds or removes has no name that can be changed. Requests take any header and
/// `:authority` for setting; `host` can't be removed, nor changed in responses.
enum HeaderChangeNameRule: ObjectRule {
    static let code = RuleCode("CAN0225", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    private static let hint = "write the name of a header, such as x-version"

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for (operations, isRequest) in object.headerOperations {
            for key in ["set", "add"] {
                for (name, value) in operations[key]?.entries ?? [] {
                    let problem =
                        isRequest
                        ? HeaderSyntax.problemOfRequestName(name) : HeaderSyntax.problemOfOtherName(name)
                    if let problem {
                        report.add(at: value, problem, hint: isRequest ? "\(hint), or \":authority\"" : hint)
                    }
                }
            }
            for item in operations["remove"]?.items ?? [] {
                guard let problem = HeaderSyntax.problemOfOtherName(item.string ?? "") else { continue }
                report.add(at: item, problem, hint: hint)
            }
        }
    }
}
