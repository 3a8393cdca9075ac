// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

/// Reads manifests into resources.
///
/// It checks only what decides which object a document is: `apiVersion`, `kind`, name and namespace. Rules about fields
/// are elsewhere. An object whose header has a fault that can be guessed away is listed with the guess, so that the
/// rules can report the rest in the same run; the fault is an error all the same.
package struct ManifestReader: Sendable {
    private let defaultNamespace: String
    private let namespaceIsExplicit: Bool
    private let ignoreUnknownKinds: Bool
    let limits: ManifestLimits

    /// `defaultNamespace` is the namespace of objects whose manifests give none. With `namespaceIsExplicit` the command
    /// line asks for it, and another one in a manifest is an error. `ignoreUnknownKinds` skips objects of unknown kinds
    /// with a warning.
    package init(
        defaultNamespace: String,
        namespaceIsExplicit: Bool,
        ignoreUnknownKinds: Bool,
        limits: ManifestLimits = .default
    ) {
        self.defaultNamespace = defaultNamespace
        self.namespaceIsExplicit = namespaceIsExplicit
        self.ignoreUnknownKinds = ignoreUnknownKinds
        self.limits = limits
    }

    /// Reads all sources of one run; the limits, and the rule that an object comes once, hold for them together.
    package func read(_ sources: [ManifestSource]) -> ManifestSet {
        var parser = YAMLParser(limits: limits)
        var set = ManifestSet()
        var register = ObjectRegister()
        var skipped = SkippedKinds()
        for source in sources {
            var builder = builder(for: source.name, objectLimit: limits.documents - set.resources.count)
            let syntax = parser.parse(source) { document in
                builder.add(document) { resource in
                    if let finding = register.add(resource) { set.diagnostics.append(finding) }
                    set.resources.append(resource)
                }
            }
            set.diagnostics += syntax + builder.diagnostics
            set.skippedWorkloads += builder.skippedWorkloads
            skipped.add(builder.skipped)
        }
        set.diagnostics += skipped.findings
        return set
    }

    /// Reads all sources of one run and checks each object by itself; the findings of both are in the result.
    ///
    /// Inputs of several pieces are read by as many threads as `workers`, the caller's among them. The result depends on
    /// neither. A piece should take some milliseconds: long enough to be worth a turn, short enough that no thread waits
    /// long at the end.
    package func readAndCheck(
        _ sources: [ManifestSource],
        workers: Int,
        pieceBytes: Int = 256 << 10
    ) -> ManifestSet {
        let pieces = PieceReader(self, sources, workers: workers, pieceBytes: pieceBytes)
        var set = pieces?.read() ?? readAndCheck(sources)
        set.dropTypesOfUnreadable()
        return set
    }

    private func readAndCheck(_ sources: [ManifestSource]) -> ManifestSet {
        var set = read(sources)
        let checker = ObjectChecker(text: SourceText(sources))
        for resource in set.resources { set.diagnostics += checker.check(resource) }
        return set
    }

    func builder(for file: String, objectLimit: Int) -> ObjectBuilder {
        ObjectBuilder(
            file: file,
            defaultNamespace: defaultNamespace,
            namespaceIsExplicit: namespaceIsExplicit,
            ignoreUnknownKinds: ignoreUnknownKinds,
            objectLimit: objectLimit,
            findingLimit: limits.findings
        )
    }
}

/// Which objects a run has described so far, and where.
struct ObjectRegister {
    private var places: [ResourceKey: (file: String, position: Position)] = [:]

    init(expecting count: Int = 0) {
        places.reserveCapacity(count)
    }

    /// A finding if the object was described before.
    mutating func add(_ resource: Resource) -> Diagnostic? {
        let file = resource.file ?? ""
        guard let first = places[resource.key] else {
            places[resource.key] = (file, resource.body.position)
            return nil
        }
        return Diagnostic(
            ManifestCodes.describedTwice,
            .error,
            "\(resource.key) is described twice: first at \(first.file):\(first.position.line):\(first.position.column)",
            hint: "keep one of the two, or give one another name",
            file: resource.file,
            position: resource.body.position(of: "metadata.name"),
            path: "metadata.name",
            resource: resource.key
        )
    }
}
