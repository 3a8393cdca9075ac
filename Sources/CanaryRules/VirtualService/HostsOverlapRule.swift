// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Two hosts of one VirtualService are the same, or one is a wildcard that covers the other.
enum HostsOverlapRule: ObjectRule {
    static let code = RuleCode("CAN0207", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let hosts = object.spec?["hosts"]?.items ?? []
        guard hosts.count > 1 else { return }
        var places = Places()
        for (index, host) in hosts.enumerated() {
            guard let text = host.string else { continue }
            if let other = places.overlapping(text), let name = hosts[other].string {
                report.add(
                    at: host,
                    name == text
                        ? "the host \"\(text)\" is given twice"
                        : "the hosts \"\(text)\" and \"\(name)\" overlap",
                    hint: "remove one of them"
                )
            }
            places.add(text, at: index)
        }
    }

    /// Where hosts stand in the list, by their names and by the wildcards that cover them; of several the first.
    private struct Places {
        private var named: [String: Int] = [:]
        private var covered: [String: Int] = [:]

        mutating func add(_ host: String, at index: Int) {
            named[host] = named[host] ?? index
            for pattern in HostName.patterns(covering: host) { covered[pattern] = covered[pattern] ?? index }
        }

        /// The same host, one that covers it, or for a wildcard the first of either kind or of those that it covers.
        func overlapping(_ host: String) -> Int? {
            let covering = HostName.patterns(covering: host).compactMap { named[$0] }
            guard host.hasPrefix("*") else { return covering.first }
            return (covering + [covered[host]].compactMap(\.self)).min()
        }
    }
}
