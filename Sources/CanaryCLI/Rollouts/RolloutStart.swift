// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryStore

/// Makes a Rollout of a version of a host, and begins it.
struct RolloutStart {
    /// As people type it.
    var host: String
    /// What the object's spec has to say; `nil` for what is to be left out. Anything else stays as it is.
    var fields: KeyValuePairs<String, Node?>
    var alpha: Double?

    /// What came of it; no rollout after a dry run.
    struct Started {
        var rollout: StoredRollout?
        var result: ChangeResult
        var warnings: [String]
    }

    func begin(_ session: ClusterSession, _ options: ChangeOptions) throws -> Started {
        let settings = session.settings
        var warnings: [String] = []
        var made: ResourceKey?
        let result = try session.change(options, verb: "rollout start") { change in
            let host = try change.view.host(named: self.host, namespace: settings.namespace)
            if try change.closure(of: [host]).isEmpty { throw try change.view.unknownHost(host, settings) }
            try change.view.requireReadableRouting(of: host)
            let rollout = try object(host, change, settings)
            try refuseSecond(rollout, change, settings)
            _ = try change.view.withTemplates(rollout)
            let target = RolloutTarget(rollout, in: try change.closure(of: [host]))
            _ = try target.plan(settings)
            try change.edit(rollout)
            change.summarize(rollout.key, "rollout start \(target.spec.canary)")
            let findings = try ReferenceCheck.findings(about: [rollout], in: change, settings)
            warnings = target.warnings + findings.map { "\($0.message) [\($0.code.canary)]" }
            made = rollout.key
        }
        guard options.dryRun == .none, let made else {
            return Started(rollout: nil, result: result, warnings: warnings)
        }
        return Started(rollout: try begin(made, session), result: result, warnings: warnings)
    }

    /// Begins a run, unless a controller has done so meanwhile.
    private func begin(_ key: ResourceKey, _ session: ClusterSession) throws -> StoredRollout {
        let context = session.context
        return try session.store().write(ChangeNote(actor: context.userName())) { writer in
            guard let rollout = try StoredCluster(reader: writer).resource(key), let meta = rollout.stored
            else {
                throw CommandError.notFound(key)
            }
            let newest = try writer.rollout(of: meta.uid)
            let beginning = RolloutBeginning(writer: writer, settings: session.settings, now: context.now())
            let goesOn = newest.flatMap { $0.hasEnded || $0.generation < meta.generation ? nil : $0 }
            return try StoredRollout(goesOn ?? beginning.begin(rollout), writer)
        }.value
    }

    // MARK: - The object

    /// The host's Rollout for the route, with what the command says; else a new one that has the Service's name.
    private func object(_ host: String, _ change: ClusterChange, _ settings: Settings) throws -> Resource {
        let route = fields.first { $0.key == "route" }.flatMap { RouteName($0.value) }
        let known = try change.resources(with: .rollout(host)).filter { $0.kind == .rollout }
        if let rollout = known.first(where: { $0.rollout?.route == route }) {
            return Resource(key: rollout.key, body: filled(rollout.body), stored: rollout.stored)
        }
        let service = HostName.service(of: host)
        let namespace = service?.namespace ?? settings.namespace
        let name = [service?.name ?? Self.name(of: host), route?.description].compactMap(\.self).joined(
            separator: "-"
        )
        let body = Node.mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"), "kind": .string("Rollout"),
            "metadata": .mapping(["name": .string(name), "namespace": .string(namespace)]),
            "spec": .mapping(["host": .string(service?.name ?? host)]),
        ])
        return Resource(
            key: ResourceKey(.rollout, namespace: namespace, name: name),
            body: filled(body)
        )
    }

    private func filled(_ body: Node) -> Node {
        var body = body
        for (key, value) in fields { body.set(value, at: "spec", key) }
        if let alpha { body.set(Node(.number(alpha)), at: "spec", "analysis", "alpha") }
        return body
    }

    /// A host that no Service has, as a name: `*.shop.example` is `shop.example`.
    private static func name(of host: String) -> String {
        host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
    }

    /// One that still moves is in the way. One that was promoted, and only watched, ends.
    private func refuseSecond(_ rollout: Resource, _ change: ClusterChange, _ settings: Settings) throws {
        guard let uid = rollout.stored?.uid, let former = try change.view.reader?.rollout(of: uid),
            !former.hasEnded, let spec = former.spec
        else { return }
        throw CommandError(
            "a rollout of \(HostName.short(former.host)) to \(spec.canary) is going on",
            hint: "canaryctl rollout abort \(settings.inCommands(former.host)) ends it"
        )
    }
}
