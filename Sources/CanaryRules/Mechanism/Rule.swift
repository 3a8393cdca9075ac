// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Something that can be wrong with objects.
///
/// Each rule is a type in a file of its own under `Rules`; its doc comment is its page in the manual, and begins with a
/// sentence that says what is wrong. Codes (`CAN0203`) are never used twice, also not after a rule is gone: 01xx schema,
/// 02xx VirtualService, 03xx Service, 04xx workloads, 05xx autoscalers, 06xx DestinationRule, 07xx Gateway, ServiceEntry
/// and WorkloadEntry, 08xx references between objects, 09xx metadata, 10xx what the proxy does not serve,
/// 11xx what is accepted, but does something else than it seems to, 12xx Rollouts.
package protocol Rule: SendableMetatype {
    static var code: RuleCode { get }
    /// What a finding is unless the rule says otherwise for one of them.
    static var severity: Severity { get }
    /// The kinds that the rule looks at.
    static var kinds: Set<ResourceKind> { get }
}

/// A rule about one object alone, as an API server or a webhook would apply it.
package protocol ObjectRule: Rule {
    static func check(_ object: CheckedObject, _ report: inout RuleReport)
}

/// A rule that needs to know other objects too.
package protocol ReferenceRule: Rule {
    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport)
}

/// A rule about an object and what it is to be replaced by.
package protocol ChangeRule: Rule {
    /// `object` is the new one; findings are about it.
    static func check(_ object: CheckedObject, replacing old: Resource, _ report: inout RuleReport)
}

extension Rule {
    package static var severity: Severity { .error }
}
