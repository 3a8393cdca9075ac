// SPDX-License-Identifier: Apache-2.0

/// Two hosts of one VirtualService are the same, or one is a wildcard that covers the other.
enum HostsOverlapRule: ObjectRule {
    static let code = RuleCode("CAN0207", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let hosts = object.spec?["hosts"]?.items ?? []
        guard hosts.count > 1 else { return }
        var seen: [String: Int] = [:]
        for (index, host) in hosts.enumerated() {
            guard let text = host.string else { continue }
            let names = text.hasPrefix("*") ? [] : HostName.patterns(covering: text)
            let other = ([text] + names).compactMap { seen[$0] }.first ?? covered(by: text, hosts[..<index])
            if let other, let name = hosts[other].string {
                report.add(
                    at: host,
                    name == text
                        ? "the host \"\(text)\" is given twice"
                        : "the hosts \"\(text)\" and \"\(name)\" overlap",
                    hint: "remove one of them"
                )
            }
            seen[text] = seen[text] ?? index
        }
    }

    /// The first of the earlier hosts that a wildcard overlaps with.
    private static func covered(by wildcard: String, _ earlier: ArraySlice<Located>) -> Int? {
        guard wildcard.hasPrefix("*") else { return nil }
        return earlier.firstIndex { host in
            guard let text = host.string else { return false }
            return text.dropFirst(text.hasPrefix("*") ? 1 : 0).hasSuffix(wildcard.dropFirst())
                || (text.hasPrefix("*") && wildcard.dropFirst().hasSuffix(text.dropFirst()))
        }
    }
}
