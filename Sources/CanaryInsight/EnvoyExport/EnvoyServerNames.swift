// SPDX-License-Identifier: Apache-2.0

/// Which of a listener's servers takes which names: the one with the closest pattern, and of several the first. Patterns are names,
/// `*.example.com` and `*`, in lower case.
struct EnvoyServerNames {
    private let servers: [[String]]

    init(_ servers: [[String]]) { self.servers = servers }

    /// The server that takes all that a pattern names; `nil` for none.
    func closest(to pattern: String) -> Int? {
        var best: (server: Int, rank: Int)?
        for (server, names) in servers.enumerated() {
            for name in names where Self.contains(name, pattern) && Self.rank(name) > best?.rank ?? -1 {
                best = (server, Self.rank(name))
            }
        }
        return best?.server
    }

    /// What of a pattern a server takes.
    func part(of pattern: String, server: Int) -> [String] {
        servers[server].compactMap { Self.narrower(of: $0, pattern) }.filter { closest(to: $0) == server }
    }

    /// The names of other servers among those that a server would take without these.
    func others(within server: Int) -> [String] {
        servers.joined().filter { name in
            closest(to: name) != server && servers[server].contains { Self.contains($0, name) }
        }
    }

    func takesAll(_ server: Int) -> Bool { servers[server].contains("*") && closest(to: "*") == server }

    /// How close a pattern is to the names that it takes.
    static func rank(_ pattern: String) -> Int {
        if pattern == "*" { return 0 }
        return pattern.hasPrefix("*") ? pattern.utf8.count : Int.max
    }

    private static func narrower(of first: String, _ second: String) -> String? {
        if contains(first, second) { return second }
        return contains(second, first) ? first : nil
    }

    private static func contains(_ outer: String, _ inner: String) -> Bool {
        if outer == "*" || outer == inner { return true }
        guard outer.hasPrefix("*") else { return false }
        let suffix = outer.dropFirst()
        let rest = inner.hasPrefix("*") ? inner.dropFirst() : inner[...]
        return rest.utf8.count > suffix.utf8.count && rest.hasSuffix(suffix)
    }
}
