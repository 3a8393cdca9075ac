// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Several DestinationRules of a namespace have the same host. Istio takes them together, the oldest first, of equal age by
/// name: the first traffic policy counts, and of subsets of one name the first. What is lost is a warning; a subset that is
/// repeated as it is, and rules that add to each other, are information.
enum DestinationRulesMergedRule: ReferenceRule {
    static let code = RuleCode("CAN1121")
    static let severity = Severity.warning
    static let kinds: Set<ResourceKind> = [.destinationRule]

    static func check(_ object: CheckedObject, in cluster: ClusterView, _ report: inout RuleReport) {
        let merges = cluster.references.ruleMerges
        let resource = object.resource
        guard let spec = object.spec, let first = merges.first(before: resource) else { return }
        let before = report.findings.count
        if let policy = spec["trafficPolicy"], let owner = merges.policyOwner(instead: resource) {
            report.add(
                at: policy,
                "this policy is not used: that of DestinationRule \"\(owner.namespace)/\(owner.name)\" for the same "
                    + "host comes first by age",
                hint: "keep the policy of the host in one of them"
            )
        }
        for subset in spec["subsets"]?.items ?? [] {
            guard let place = subset["name"], let name = place.string,
                let owner = merges.subsetOwner(name, instead: resource)
            else { continue }
            let isSame = owner.subset == subset.node
            report.add(
                at: place,
                "the subset \"\(name)\" \(isSame ? "is also" : "is not used: it is") in DestinationRule "
                    + "\"\(owner.resource.namespace)/\(owner.resource.name)\" for the same host, which comes first "
                    + "by age" + (isSame ? "" : ", and looks different there"),
                hint: "keep it in one of them, or give one another name",
                severity: isSame ? .info : .warning
            )
        }
        guard report.findings.count == before else { return }
        report.add(
            at: spec.field("host"),
            "DestinationRule \"\(first.namespace)/\(first.name)\" has the same host: Istio adds "
                + "\(spec["subsets"]?.items.isEmpty == false ? "these subsets" : "this policy") to its own",
            hint: "write one DestinationRule for the host, to see all of it in one place",
            severity: .info
        )
    }
}
