// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// The listeners with TLS that the present table asks for. What has not changed is kept, with the sessions of its clients; where
/// something new can't be used, what was used before stays.
struct TLSRegistry: Sendable {
    private struct Entry: Sendable {
        var settings: TLSServerSettings
        var server: TLSServer?
        /// Why it can't be used as it is, or what else is wrong with it, for people.
        var problem: String?
    }

    private struct Opened: Sendable {
        var entries: [Entry]
        var listener: TLSListener?
    }

    private let tickets = TicketKeys()
    private var opened: [TLSListenerSettings: Opened] = [:]
    private var files = CertificateFiles([])

    /// What is wrong with certificates, for people.
    var problems: [String] { Array(Set(opened.values.flatMap { $0.entries.compactMap(\.problem) })).sorted() }

    func listener(_ settings: TLSListenerSettings?) -> TLSListener? {
        settings.flatMap { opened[$0]?.listener }
    }

    /// Follows what a table asks for. `now` is in seconds since 1970.
    mutating func follow(_ wanted: [TLSListenerSettings], now: Int64) {
        let paths = Set(wanted.flatMap { $0.servers.flatMap(\.paths) })
        let next = CertificateFiles(paths)
        let old = opened.values.flatMap(\.entries)
        let before = files
        files = next
        opened = wanted.reduce(into: [:]) { result, settings in
            let entries = settings.servers.map { entry($0, old, before, now) }
            let present = opened[settings]
            let servers = entries.compactMap(\.server)
            let isSame = present?.listener.map { $0.servers.elementsEqual(servers) { $0 === $1 } } ?? false
            let listener = isSame ? present?.listener : tickets.flatMap { try? TLSListener(servers, $0) }
            result[settings] = Opened(entries: entries, listener: listener)
        }
    }

    /// Looks whether files of certificates have changed; whether anything is different now.
    mutating func lookAtFiles(now: Int64) -> Bool {
        let wanted = Array(opened.keys)
        let paths = Array(Set(wanted.flatMap { $0.servers.flatMap(\.paths) }))
        guard !paths.isEmpty, CertificateFiles(paths).contents(of: paths) != files.contents(of: paths) else {
            return false
        }
        follow(wanted, now: now)
        return true
    }

    private func entry(
        _ settings: TLSServerSettings,
        _ old: [Entry],
        _ before: CertificateFiles,
        _ now: Int64
    ) -> Entry {
        let paths = settings.paths
        if let same = old.first(where: { $0.settings == settings }), same.server != nil,
            before.contents(of: paths) == files.contents(of: paths)
        {
            return same
        }
        do throws(TLSProblem) {
            guard let tickets else { throw TLSProblem("there is no randomness") }
            let server = try TLSServer(settings, tickets, now: now, files: files)
            let warning = server.context?.warnings.first.map { "\(settings.place): \($0)" }
            return Entry(settings: settings, server: server, problem: warning)
        } catch {
            let last = old.first { $0.settings.isSamePlace(as: settings) }?.server
            let consequence = last == nil ? "clients are refused" : "the last good one stays in use"
            return Entry(
                settings: settings,
                server: last,
                problem: "\(settings.place): \(error.text); \(consequence)"
            )
        }
    }
}

extension TLSServerSettings {
    fileprivate var place: String { "Gateway \(origin), \(names.joined(separator: ", "))" }

    /// Whether both are one server before and after a change of its certificates only.
    fileprivate func isSamePlace(as other: TLSServerSettings) -> Bool {
        var same = other
        same.credentials = credentials
        same.authorities = authorities
        return self == same
    }
}
