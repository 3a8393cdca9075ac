// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRules

/// What happened to one object, in the words that are printed.
enum ChangeOutcome: String {
    case created, configured, unchanged, replaced, pruned, deleted
}

/// One object's change.
struct ObjectChange {
    var key: ResourceKey
    var outcome: ChangeOutcome
    var before: Resource?
    var after: Resource?
}

/// The changes of one command: decided over a view of the cluster that already contains them, written by
/// ``ClusterSession`` afterwards. Nothing is written when any of them is refused.
final class ClusterChange: ResourceSource {
    let view: StoredCluster
    /// What the view does not show yet; `nil` for removed objects.
    private var pending: [ResourceKey: Resource?] = [:]
    /// The same without removed objects, to be looked up by tokens.
    private var added = ClusterSnapshot()
    private var leaving: LeavingPods
    /// The view without the changes.
    let known: KnownObjects
    private(set) var changes: [ObjectChange] = []
    /// Lines for the history of hosts where the command has better words than the outcome.
    private(set) var summaries: [ResourceKey: String] = [:]
    /// Hosts in whose history a change belongs besides those that its object routes.
    private(set) var concerned: [ResourceKey: Set<String>] = [:]

    init(view: StoredCluster) {
        self.view = view
        known = KnownObjects(view)
        leaving = LeavingPods(of: view.running)
    }

    // MARK: - Reading

    func resource(_ key: ResourceKey) throws -> Resource? {
        if let change = pending[key] { return change }
        return try known.resource(key)
    }

    func resources(with token: IndexToken) throws -> [Resource] {
        merged(try view.resources(with: token), with: added.resources(with: token))
    }

    func keys(with token: IndexToken) throws -> [ResourceKey] {
        try view.keys(with: token).filter { pending[$0] == nil } + added.keys(with: token)
    }

    func resources(of kind: ResourceKind, namespace: String?) throws -> [Resource] {
        merged(
            try view.resources(of: kind, namespace: namespace),
            with: added.resources(of: kind, namespace: namespace)
        )
    }

    func closure(of hosts: [String]) throws -> ClusterSnapshot {
        try HostClosure.load(hosts, from: self, revision: view.revision)
    }

    /// Every object, with the changes.
    func snapshot() throws -> ClusterSnapshot {
        var snapshot = try view.snapshot()
        for (key, resource) in pending {
            if let resource { snapshot.insert(resource) } else { snapshot.remove(key) }
        }
        return snapshot
    }

    private func merged(_ stored: [Resource], with added: [Resource]) -> [Resource] {
        (stored.filter { pending[$0.key] == nil && !leaving.keys.contains($0.key) } + added)
            .sorted(by: Resource.isOlder)
    }

    // MARK: - Changing

    /// Adds an object that must not exist yet.
    func create(_ resource: Resource) throws {
        guard try self.resource(resource.key) == nil else { throw CommandError.exists([resource.key]) }
        try requireNoVersion(resource)
        record(resource, before: nil, outcome: .created)
    }

    /// Adds an object or puts it in the place of the one there is. What the manifest leaves to the cluster keeps its
    /// live value: `spec.replicas` of a Deployment that someone scaled, and the mark of a restart.
    func apply(_ resource: Resource) throws {
        guard let before = try self.resource(resource.key) else {
            try requireNoVersion(resource)
            return record(resource, before: nil, outcome: .created)
        }
        try requireCurrentVersion(resource, before, verb: "apply")
        let after = resource.keepingLiveValues(of: before)
        record(after, before: before, outcome: after.body == before.body ? .unchanged : .configured)
    }

    /// Updates an object that must exist. A `metadata.resourceVersion` in the manifest must be the current one.
    func replace(_ resource: Resource) throws {
        guard let before = try self.resource(resource.key) else { throw CommandError.notFound(resource.key) }
        try requireCurrentVersion(resource, before, verb: "replace")
        let after = resource.removingResourceVersion()
        record(after, before: before, outcome: after.body == before.body ? .unchanged : .replaced)
    }

    /// A `metadata.resourceVersion` in a manifest says which state its author knew: a change made meanwhile is not lost.
    private func requireCurrentVersion(_ resource: Resource, _ before: Resource, verb: String) throws {
        let current = before.stored.map { String($0.revision) } ?? "none"
        guard let wanted = resource.metadata.resourceVersion, !wanted.isEmpty, wanted != current else {
            return
        }
        throw CommandError.stale(resource.key, verb: verb, wanted: wanted, current: current)
    }

    private func requireNoVersion(_ resource: Resource) throws {
        guard let wanted = resource.metadata.resourceVersion, !wanted.isEmpty else { return }
        throw CommandError.versionOfNothing(resource.key, wanted: wanted)
    }

    /// Puts an object into an exact state, whatever is there now.
    func put(_ resource: Resource) throws {
        let before = try self.resource(resource.key)
        let outcome: ChangeOutcome =
            before.map { $0.body == resource.body ? .unchanged : .configured } ?? .created
        record(resource, before: before, outcome: outcome)
    }

    /// Puts what a command made of an object. What is stored passes the checks that manifests have to pass, but for faults
    /// that the object had before.
    func edit(_ resource: Resource) throws {
        let before = try self.resource(resource.key)
        let known = Set(before.map(RuleCatalog.checkObject)?.map(\.fault) ?? [])
        let findings = RuleCatalog.checkObject(resource)
        if let problem = findings.first(where: { $0.severity == .error && !known.contains($0.fault) }) {
            throw CommandError(
                "cannot change \(resource.key.qualifiedName): \(problem.message) [\(problem.code.canary)]",
                hint: problem.hint
            )
        }
        try put(resource)
    }

    func delete(_ key: ResourceKey, outcome: ChangeOutcome = .deleted) throws {
        guard let before = try resource(key) else { throw CommandError.notFound(key) }
        pending.updateValue(nil, forKey: key)
        added.remove(key)
        leaving.note(key, after: nil)
        changes.append(ObjectChange(key: key, outcome: outcome, before: before, after: nil))
    }

    /// Brings an earlier state of an object back, with the identity and the age that it had.
    func restore(_ past: Resource) throws {
        let before = try self.resource(past.key)
        let isSame =
            before.map {
                $0.body == past.body && $0.stored?.uid == past.stored?.uid
                    && $0.stored?.createdRevision == past.stored?.createdRevision
            } ?? false
        pending[past.key] = past
        added.insert(past)
        leaving.note(past.key, after: past)
        let outcome: ChangeOutcome = before == nil ? .created : isSame ? .unchanged : .configured
        changes.append(ObjectChange(key: past.key, outcome: outcome, before: before, after: past))
    }

    /// Puts the change of an object into a host's history, whether or not the object routes it before or after.
    func concern(_ key: ResourceKey, _ host: String) {
        concerned[key, default: []].insert(host)
    }

    /// Gives the history's words for the change of an object.
    func summarize(_ key: ResourceKey, _ text: String) {
        summaries[key] = text
    }

    private func record(_ resource: Resource, before: Resource?, outcome: ChangeOutcome) {
        var after = resource.removingResourceVersion()
        after.stored = before?.stored
        pending[resource.key] = after
        added.insert(after)
        leaving.note(resource.key, after: after)
        changes.append(ObjectChange(key: resource.key, outcome: outcome, before: before, after: after))
    }
}

extension Diagnostic {
    /// What is wrong, wherever it stands by now.
    fileprivate var fault: String { "\(code.canary) \(message)" }
}

extension Resource {
    /// A `resourceVersion` in a manifest is a condition, not content.
    fileprivate func removingResourceVersion() -> Resource {
        guard metadata.resourceVersion != nil else { return self }
        var body = body
        body.set(nil, at: "metadata", "resourceVersion")
        return Resource(key: key, body: body, stored: stored, file: file)
    }

    private var templateAnnotations: Node? { body["spec"]?["template"]?["metadata"]?["annotations"] }

    fileprivate func keepingLiveValues(of live: Resource) -> Resource {
        guard kind == .deployment else { return removingResourceVersion() }
        var body = body
        if deployment?.replicas == nil, let replicas = live.deployment?.replicas {
            body.set(.integer(Int64(replicas)), at: "spec", "replicas")
        }
        // A restart is in no manifest: taking its mark away would roll all pods back to the template before it.
        let mark = RolloutRestartCommand.annotation
        if let time = live.templateAnnotations?[mark], templateAnnotations?[mark] == nil {
            body.set(time, at: "spec", "template", "metadata", "annotations", mark)
        }
        return Resource(key: key, body: body, stored: stored, file: file).removingResourceVersion()
    }
}

extension CommandError {
    static func exists(_ keys: [ResourceKey]) -> CommandError {
        let named = keys.prefix(10)
        let names = named.map { "\($0.kind.singular) \"\($0.name)\"" }.joined(separator: ", ")
        let more = keys.count > named.count ? " and \(keys.count - named.count) more" : ""
        return CommandError(
            "cannot create: already exists in the store: \(names)\(more)",
            hint: "canaryctl apply makes or replaces; nothing was changed"
        )
    }

    static func versionOfNothing(_ key: ResourceKey, wanted: String) -> CommandError {
        CommandError(
            "cannot create \(key.qualifiedName): its manifest was made from revision \(wanted), but there is none in the store",
            hint: "leave out metadata.resourceVersion to make a new object"
        )
    }

    static func stale(_ key: ResourceKey, verb: String, wanted: String, current: String) -> CommandError {
        CommandError(
            "cannot \(verb) \(key.qualifiedName): the manifest was made from revision \(wanted), "
                + "the store holds revision \(current)",
            hint: "get the object again and repeat your change on it"
        )
    }
}
