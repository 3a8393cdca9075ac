// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import CanaryRules

/// The text of one manifest file, and the name that messages call it by.
package struct ManifestSource: Sendable {
    /// As the user gave it; `<stdin>` for standard input.
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}

/// What one run read: the objects in the order of their manifests, and everything that is wrong with the text.
///
/// Objects are listed even where there are errors, so that other rules can report theirs in the same run; a caller that
/// sees an error among the diagnostics must not store any of them.
package struct ManifestSet: Sendable {
    package var resources: [Resource]
    package var diagnostics: [Diagnostic]
    /// What objects that were skipped mean to others: pods with the labels of their templates. Rules look at them; nobody stores
    /// them.
    package var skippedWorkloads: [Resource] = []

    package init(resources: [Resource] = [], diagnostics: [Diagnostic] = []) {
        self.resources = resources
        self.diagnostics = diagnostics
    }

    /// One mistake is one finding: a value that is no value at all was taken for a text, and need not be told to be one.
    mutating func dropTypesOfUnreadable() {
        let unreadable: Set = [ManifestCodes.number, ManifestCodes.elision]
        let places = Set(diagnostics.lazy.filter { unreadable.contains($0.code) }.map(Place.init))
        guard !places.isEmpty else { return }
        let types = Set([true, false].map(SchemaRule.wrongType.code))
        diagnostics.removeAll { types.contains($0.code) && places.contains(Place($0)) }
    }

    /// A field of a document: one finding may stand at the key and the other at the value.
    private struct Place: Hashable {
        var file: String?
        var line: UInt32
        var path: FieldPath

        init(_ finding: Diagnostic) {
            (file, line, path) = (finding.file, finding.position.line, finding.path)
        }
    }
}

/// How much one run may read. Manifests are input from strangers; each limit that is passed is an error of its own.
package struct ManifestLimits: Sendable {
    /// Bytes of all sources together.
    package var bytes = 256 << 20
    /// Documents of all sources together; the items of lists count as documents too.
    package var documents = 1_000_000
    /// Values of all sources together, those that aliases repeat included.
    package var nodes = 50_000_000
    /// Lists and mappings inside of one another.
    package var depth = 200
    /// Bytes of one key or scalar; the largest object that Kubernetes keeps is 1.5 MiB.
    package var scalarBytes = 4 << 20
    /// Bytes that the aliases of a run may stand for, each value counted with 16 bytes on top.
    package var aliasBytes = 16 << 20
    /// Findings in one source, after which the rest of it is not read.
    package var findings = 200

    package init() {}

    package static let `default` = ManifestLimits()
}
