// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// What brings a host's routing back to an earlier revision: the objects that were changed since, and the delegates that the
/// host's VirtualServices had then, as they were.
struct UndoPlan {
    private let host: String
    /// The host in the commands of hints.
    private let named: String
    /// The revision that comes back.
    private let revision: Int64
    /// The change of the host that made this revision's routing; `nil` where there was none before.
    private let change: HostChange?
    private let isLastChange: Bool
    private var states: [ResourceKey: Resource?] = [:]

    /// - Parameter target: the revision to return to; `nil` and 0 are the one before the host's last change.
    init(host: String, target: Int64?, in view: StoredCluster, _ settings: Settings) throws {
        let history = try view.history(of: host)
        guard let last = history.first, let reader = view.reader else {
            throw try Self.unchanged(host, view, settings)
        }
        named = settings.inCommands(host)
        isLastChange = target ?? 0 == 0
        let revision = isLastChange ? last.revision - 1 : target ?? 0
        guard (0...view.revision).contains(revision) else {
            throw CommandError(
                "cannot go back to revision \(revision): the store is at revision \(view.revision)",
                hint: Self.historyHint(named)
            )
        }
        guard try revision >= view.knownSince(host) else { throw Self.forgotten(host, revision) }
        let later = history.prefix { $0.revision > revision }
        guard !later.isEmpty else { throw Self.nothing(host, since: revision, hint: Self.historyHint(named)) }
        self.host = host
        self.revision = revision
        change = history.dropFirst(later.count).first
        for key in Set(later.flatMap(\.objects)) {
            states.updateValue(try Self.state(of: key, asOf: revision, in: reader), forKey: key)
        }
        try addDelegates(in: view, reader)
    }

    /// `revision 3`: as `history` numbers the changes of the host.
    var origin: String { change.map { "revision \($0.revision)" } ?? "what it was before its first change" }

    /// Changes the cluster; refuses to take the host's last VirtualService away unless a revision was asked for.
    func bringBack(in change: ClusterChange) throws {
        let routed = try Self.virtualServices(of: host, in: change)
        for (key, state) in states.sorted(by: { $0.key < $1.key }) {
            if let state {
                try change.restore(state)
            } else if try change.resource(key) != nil {
                try change.delete(key)
            }
            change.summarize(key, "undo, back to \(origin)")
            change.concern(key, host)
        }
        guard isLastChange, let last = routed.first, try Self.virtualServices(of: host, in: change).isEmpty
        else { return }
        throw onlyVirtualService(last.key)
    }

    // MARK: - States

    /// What the host's VirtualServices delegated to may have changed while they did not: nobody noted that for the host.
    private mutating func addDelegates(in view: StoredCluster, _ reader: StoreReader) throws {
        let untouched = try Self.virtualServices(of: host, in: view).filter { states[$0.key] == nil }
        var open = untouched + states.values.compactMap(\.self).filter { $0.routedHosts.contains(host) }
        while let resource = open.popLast() {
            for delegate in resource.virtualService?.http.compactMap(\.delegate) ?? [] {
                let key = ResourceKey(
                    .virtualService,
                    namespace: delegate.namespace ?? resource.namespace,
                    name: delegate.name
                )
                guard states[key] == nil else { continue }
                let state = try Self.state(of: key, asOf: revision, in: reader)
                states.updateValue(state, forKey: key)
                if let state { open.append(state) }
            }
        }
    }

    private static func state(of key: ResourceKey, asOf revision: Int64, in reader: StoreReader) throws
        -> Resource?
    {
        switch try reader.object(key, asOf: revision) {
        case .present(let object): return try DamagedObjects.resource(object)
        case .absent: return nil
        case .forgotten:
            throw CommandError(
                "cannot go back to revision \(revision): \(key.qualifiedName) is not kept that far back",
                hint: "the last \(StoreWriter.keptChanges) changes of an object are kept"
            )
        }
    }

    private static func virtualServices(of host: String, in source: some ResourceSource) throws -> [Resource]
    {
        try source.resources(with: .host(host)).filter { $0.kind == .virtualService }
    }

    // MARK: - Refusals

    private static func historyHint(_ named: String) -> String {
        "canaryctl history \(named) lists the changes"
    }

    private static func unchanged(_ host: String, _ view: StoredCluster, _ settings: Settings) throws
        -> CommandError
    {
        guard try !view.closure(of: [host]).isEmpty else { return try view.unknownHost(host, settings) }
        return CommandError(
            "nothing to undo: no change of the routing of \(HostName.short(host)) is known",
            hint: try view.wildcardHint(host, verb: "undo")
                ?? "only VirtualServices, DestinationRules and Rollouts can be undone"
        )
    }

    private static func nothing(_ host: String, since revision: Int64, hint: String) -> CommandError {
        CommandError(
            "nothing to undo: the routing of \(HostName.short(host)) was not changed since revision \(revision)",
            hint: hint
        )
    }

    private static func forgotten(_ host: String, _ revision: Int64) -> CommandError {
        CommandError(
            "cannot go back to revision \(revision): \(HostName.short(host)) was changed more often since "
                + "than is kept",
            hint: "the last \(StoreWriter.keptChanges) changes of a host are kept"
        )
    }

    private func onlyVirtualService(_ key: ResourceKey) -> CommandError {
        CommandError(
            "cannot undo: the last change of \(HostName.short(host)) made its only VirtualService "
                + "\"\(key.name)\", which would be removed",
            hint: revision > 0
                ? "canaryctl undo \(named) --to-revision \(revision) removes it"
                : "canaryctl delete virtualservice \(key.name) -n \(key.namespace) removes it"
        )
    }
}
