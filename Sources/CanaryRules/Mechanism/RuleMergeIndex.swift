// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What becomes of several DestinationRules for one host in one namespace: Istio takes them together if the same namespaces
/// see them. The oldest policy counts, and of subsets of one name the oldest.
struct RuleMergeIndex {
    private struct Group: Hashable {
        var namespace: String
        var host: String
        var exportTo: Set<String>
    }

    private struct Merged {
        var first: Resource
        var policyOwner: Resource?
        var subsetOwners: [String: (resource: Resource, subset: Node)] = [:]

        /// `rules` in the order of their age.
        init?(_ rules: [Resource]) {
            guard rules.count > 1, let first = rules.first else { return nil }
            self.first = first
            policyOwner = rules.first { $0.body["spec"]?["trafficPolicy"] != nil }
            for rule in rules {
                for subset in rule.body["spec"]?["subsets"]?.items ?? [] {
                    guard let name = subset["name"]?.string, subsetOwners[name] == nil else { continue }
                    subsetOwners[name] = (rule, subset)
                }
            }
        }
    }

    /// Those of several rules.
    private let groups: [Group: Merged]

    init(_ destinationRules: [Resource]) {
        var rules: [Group: [Resource]] = [:]
        for resource in destinationRules {
            guard let group = Self.group(of: resource) else { continue }
            rules[group, default: []].append(resource)
        }
        groups = rules.compactMapValues(Merged.init)
    }

    /// `nil` for rules that select clients: those are not taken together with others.
    private static func group(of resource: Resource) -> Group? {
        guard let rule = resource.destinationRule, rule.workloadSelector == nil, !rule.host.isEmpty else {
            return nil
        }
        let namespaces = rule.exportTo.map { $0 == "." ? resource.namespace : $0 }
        return Group(
            namespace: resource.namespace,
            host: HostName.resolve(rule.host, namespace: resource.namespace),
            exportTo: namespaces.isEmpty ? ["*"] : Set(namespaces)
        )
    }

    /// The oldest rule of the same host; `nil` if this one is.
    func first(before resource: Resource) -> Resource? {
        merged(resource).flatMap { $0.first.key == resource.key ? nil : $0.first }
    }

    /// The rule whose policy counts instead of this one's.
    func policyOwner(instead resource: Resource) -> Resource? {
        merged(resource)?.policyOwner.flatMap { $0.key == resource.key ? nil : $0 }
    }

    /// The rule whose subset of a name counts instead of this one's, and that subset.
    func subsetOwner(_ name: String, instead resource: Resource) -> (resource: Resource, subset: Node)? {
        merged(resource)?.subsetOwners[name].flatMap { $0.resource.key == resource.key ? nil : $0 }
    }

    private func merged(_ resource: Resource) -> Merged? {
        Self.group(of: resource).flatMap { groups[$0] }
    }
}
