// SPDX-License-Identifier: Apache-2.0

import CanaryRouting

/// The listeners with TLS that the present table asks for. What has not changed is kept, with the sessions of its clients; where
/// something new can't be used, what was used before stays.
struct TLSRegistry: Sendable {
    private struct Entry: Sendable {
        var settings: TLSServerSettings
        var server: TLSServer?
        /// Why it can't be used as it is, for people.
        var failure: String?
        /// That, or what else is wrong with it by now.
        var problem: String?

        mutating func look(now: Int64) {
            let warning = server?.context?.warning(now: now).map { "\(settings.place): \($0)" }
            problem = failure ?? warning
        }
    }

    private struct Opened: Sendable {
        var entries: [Entry]
        var listener: TLSListener?
    }

    let tickets: TicketKeys?
    private var opened: [TLSListenerSettings: Opened] = [:]
    /// Of the table before, which workers still serve while listeners close.
    private var before: [TLSListenerSettings: Opened] = [:]
    private var files = CertificateFiles([])

    /// - Parameter tickets: of the process before; new ones where there are none.
    init(tickets: TicketKeys? = nil) { self.tickets = tickets ?? TicketKeys() }

    /// What is wrong with certificates, for people.
    var problems: [String] { Array(Set(opened.values.flatMap { $0.entries.compactMap(\.problem) })).sorted() }

    /// How a server stands.
    struct Standing {
        var settings: TLSServerSettings
        /// `nil` where none can be used.
        var server: TLSServer?
        /// Whether it is not what the table asks for.
        var isOutdated: Bool
        var problem: String?
    }

    /// How the servers of the present table stand.
    var standings: [Standing] {
        opened.values.flatMap(\.entries).map {
            Standing(
                settings: $0.settings,
                server: $0.server,
                isOutdated: $0.failure != nil,
                problem: $0.problem
            )
        }
    }

    func listener(_ settings: TLSListenerSettings?) -> TLSListener? {
        settings.flatMap { opened[$0] ?? before[$0] }?.listener
    }

    /// Follows what a table asks for. `now` is in seconds since 1970.
    mutating func follow(_ wanted: [TLSListenerSettings], now: Int64) {
        let paths = Set(wanted.flatMap { $0.servers.flatMap(\.paths) })
        let next = CertificateFiles(paths)
        let old = opened.values.flatMap(\.entries)
        let oldFiles = files
        files = next
        before = opened
        opened = wanted.reduce(into: [:]) { result, settings in
            let entries = settings.servers.map { entry($0, old, oldFiles, now) }
            let present = before[settings]
            let servers = entries.compactMap(\.server)
            let isSame = present?.listener.map { $0.servers.elementsEqual(servers) { $0 === $1 } } ?? false
            let listener = isSame ? present?.listener : tickets.flatMap { try? TLSListener(servers, $0) }
            result[settings] = Opened(entries: entries, listener: listener)
        }
    }

    /// Looks whether files of certificates have changed, or certificates have expired; whether anything is different now.
    mutating func look(now: Int64) -> Bool {
        let known = problems
        for settings in opened.keys {
            for index in opened[settings]?.entries.indices ?? 0..<0 {
                opened[settings]?.entries[index].look(now: now)
            }
        }
        return lookAtFiles(now: now) || problems != known
    }

    private mutating func lookAtFiles(now: Int64) -> Bool {
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
        _ oldFiles: CertificateFiles,
        _ now: Int64
    ) -> Entry {
        let paths = settings.paths
        if let same = old.first(where: { $0.settings == settings }), same.server != nil,
            oldFiles.contents(of: paths) == files.contents(of: paths)
        {
            return same
        }
        do throws(TLSProblem) {
            guard let tickets else { throw TLSProblem("there is no randomness") }
            var entry = Entry(settings: settings, server: try TLSServer(settings, tickets, files: files))
            entry.look(now: now)
            return entry
        } catch {
            let last = old.first { $0.settings.isSamePlace(as: settings) }?.server
            let consequence = last == nil ? "clients are refused" : "the last good one stays in use"
            var entry = Entry(settings: settings, server: last)
            entry.failure = "\(settings.place): \(error.text); \(consequence)"
            entry.look(now: now)
            return entry
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
