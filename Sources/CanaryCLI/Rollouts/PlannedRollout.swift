// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources

/// A Rollout that is in no store: as the words of a command line ask for it, or a manifest.
struct PlannedRollout {
    let rollout: Resource
    let spec: RolloutSpec

    private static let unnamedStable = "the stable version"

    private init(_ rollout: Resource) {
        self.rollout = rollout
        spec = RolloutSpec(rollout.body)
    }

    /// - Parameter fields: what its spec says.
    init(_ fields: KeyValuePairs<String, Node?>, alpha: Node?, namespace: String) {
        var body = Node.mapping([
            "apiVersion": .string("canaryctl.dev/v1alpha1"), "kind": .string("Rollout"),
            "spec": Node(.mapping(Mapping([]))),
        ])
        for case (let key, let value?) in fields { body.set(value, at: "spec", key) }
        if let alpha { body.set(alpha, at: "spec", "analysis", "alpha") }
        self.init(Resource(key: ResourceKey(.rollout, namespace: namespace, name: "planned"), body: body))
    }

    /// The only Rollout of what `-f` names, or the only one of a host.
    ///
    /// - Parameter host: as people type it.
    init(_ manifests: ManifestOptions, host: String?, settings: Settings, in context: CommandContext) throws {
        let input = try ManifestInput.read(manifests, validation: .strict, settings: settings, in: context)
        let refusal = input.refusal(in: context)
        DiagnosticPrinter(context.standardError, settings, context, sources: input.sources)
            .printProblems(input.diagnostics.filter { $0.severity == .error })
        if let refusal { throw CommandError.silent(refusal) }
        let wanted = host.map { HostName.fromUser($0, namespace: settings.namespace) }
        let found = input.resources.filter {
            $0.kind == .rollout && (wanted == nil || wanted == $0.rolloutHost)
        }
        guard let rollout = found.first, found.count == 1 else {
            let count = found.isEmpty ? "no" : "more than one"
            throw CommandError(
                "\(count) Rollout\(host.map { " of \($0)" } ?? "") in \(manifests.names)",
                hint: found.isEmpty
                    ? "man canaryctl-rollout.5 tells how one is written"
                    : "name the host of the one that is meant"
            )
        }
        self.init(rollout)
    }

    /// A full name; `nil` where nobody told.
    var host: String? { spec.host.isEmpty ? nil : rollout.rolloutHost }

    /// With the stable version by a name for people, where it is not told.
    var plan: RolloutPlan { RolloutPlan(spec, stable: spec.stable ?? Self.unnamedStable) }

    /// In the cluster as it is.
    ///
    /// - Throws: where the host or the version is not known, or the route cannot be split.
    func target(in view: StoredCluster) throws -> RolloutTarget {
        try view.requireReadableRouting(of: rollout.rolloutHost)
        return RolloutTarget(rollout, in: try view.closure(of: [rollout.rolloutHost]))
    }
}
