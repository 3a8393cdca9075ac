// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The settings for localities contradict each other: weights that do not sum to 100, localities that overlap, distribution
/// together with failover, or a failover to the same place. Istio accepts a locality that holds an earlier one of its list; that
/// is a warning.
enum LocalityValuesRule: ObjectRule {
    static let code = RuleCode("CAN0612", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    private static let topologyLabels: Set<String> = [
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for balancer in object.policyLevels.compactMap({ $0["loadBalancer"] }) {
            let locality = balancer["localityLbSetting"]
            let zoneAware = balancer["zoneAwareLbSetting"]
            if locality != nil, let zoneAware {
                report.add(
                    at: zoneAware,
                    "\"localityLbSetting\" and \"zoneAwareLbSetting\" can't be combined",
                    hint: "keep one of the two"
                )
            }
            if let locality { check(locality: locality, &report) }
            if let zoneAware {
                checkFailover(zoneAware, &report)
                checkPriorities(zoneAware, mayNameTopology: false, &report)
            }
        }
    }

    private static func check(locality: Located, _ report: inout RuleReport) {
        let distribute = locality["distribute"]?.items ?? []
        let failover = locality["failover"]?.items ?? []
        if !distribute.isEmpty, let place = locality["failover"], !failover.isEmpty {
            report.add(
                at: place,
                "\"distribute\" and \"failover\" can't be combined",
                hint: "keep one of the two"
            )
        }
        let sources = distribute.map { $0.field("from") }
        checkLocalities(sources.map { ($0, $0.string ?? "") }, &report)
        for entry in distribute {
            checkLocalities((entry["to"]?.entries ?? []).map { ($0.value, $0.key) }, &report)
            checkWeights(of: entry.field("to"), &report)
        }
        checkFailover(locality, &report)
        checkPriorities(locality, mayNameTopology: failover.isEmpty, &report)
    }

    private static func checkWeights(of list: Located, _ report: inout RuleReport) {
        let weights = list.entries.compactMap { entry in entry.value.integer.map { (entry.value, $0) } }
        let wrong = weights.filter { !(1...100).contains($0.1) }
        // What 32 bits cannot hold, the schema tells.
        for (place, weight) in wrong where (0...Int64(UInt32.max)).contains(weight) {
            report.add(
                at: place,
                "the weight \(weight) is outside 1 to 100",
                hint: "write 1 to 100; leave out localities that shall get nothing"
            )
        }
        // Those that are in range are small; any others would not add up safely.
        let sum = wrong.isEmpty ? weights.reduce(0) { $0 + $1.1 } : 100
        guard sum != 100 else { return }
        report.add(
            at: list,
            "the weights of the localities sum to \(sum), not 100",
            hint: "change them to sum to 100"
        )
    }

    private static func checkLocalities(
        _ places: [(place: Located, text: String)],
        _ report: inout RuleReport
    ) {
        var seen: [String] = []
        var register = LocalityRegister()
        for (place, text) in places {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let stars = text.utf8.count { $0 == UInt8(ascii: "*") }
            if parts.contains("") {
                report.add(
                    at: place,
                    "\"\(text)\" is not a locality: a part is empty",
                    hint: "write region/zone/subzone, and leave unknown parts out at the end"
                )
            } else if stars > 1 || (stars == 1 && !text.hasSuffix("*")) {
                report.add(
                    at: place,
                    "\"\(text)\" is not a locality: \"*\" may only stand at the end",
                    hint: "write region/*, or region/zone/*"
                )
            } else {
                let isKnown = !register.add(text)
                let other = seen.first { overlap($0, text) }
                if isKnown || other != nil {
                    report.add(
                        at: place,
                        "the localities \"\(other ?? "…")\" and \"\(text)\" overlap",
                        hint: "keep one of the two, or list each locality's zones apart",
                        severity: isKnown ? nil : .warning,
                        isKnownToIstio: isKnown
                    )
                }
                if seen.count < mostCompared { seen.append(text) }
            }
        }
    }

    /// How many earlier localities one is compared with; of more, only those are found that Istio refuses.
    private static let mostCompared = 256

    private static func overlap(_ left: String, _ right: String) -> Bool {
        let left = left.split(separator: "/")
        let right = right.split(separator: "/")
        for (one, other) in zip(left, right) where one != other { return one == "*" || other == "*" }
        return true
    }

    private static func checkFailover(_ setting: Located, _ report: inout RuleReport) {
        for entry in setting["failover"]?.items ?? [] {
            let from = entry["from"]?.string ?? ""
            let to = entry["to"]?.string ?? ""
            if from == to {
                report.add(
                    at: entry,
                    "the failover goes from \"\(from)\" to itself",
                    hint: "name another region in \"to\""
                )
            }
            for key in ["from", "to"] {
                guard let text = entry[key]?.string, text.contains("/") || text.contains("*") else {
                    continue
                }
                report.add(
                    at: entry.field(key),
                    "\"\(text)\" is not a region: \"/\" and \"*\" can't be used here",
                    hint: "write the region alone"
                )
            }
        }
    }

    private static func checkPriorities(_ setting: Located, mayNameTopology: Bool, _ report: inout RuleReport)
    {
        guard !mayNameTopology else { return }
        for item in setting["failoverPriority"]?.items ?? [] {
            let label = item.string?.split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
            guard topologyLabels.contains(label) else { continue }
            report.add(
                at: item,
                "\"\(label)\" can't be a priority here: the failover decides about regions",
                hint: "leave it out, or use failoverPriority without failover"
            )
        }
    }
}
