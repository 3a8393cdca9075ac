// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The objects of a run that are not kept, counted by kind: a chart may have a hundred of one.
struct SkippedKinds {
    private struct Entry {
        var count = 1
        var isKnown: Bool
        var hint: String?
        var file: String
        var position: Position
    }

    /// By what messages call the kind.
    private var entries: [String: Entry] = [:]

    /// `kind` is a name, in quotes where it is an unknown one.
    mutating func add(
        _ kind: String,
        isKnown: Bool,
        hint: String? = nil,
        at place: (file: String, position: Position)
    ) {
        if entries[kind] != nil {
            entries[kind]?.count += 1
        } else {
            entries[kind] = Entry(isKnown: isKnown, hint: hint, file: place.file, position: place.position)
        }
    }

    /// Adds what was found behind.
    mutating func add(_ others: SkippedKinds) {
        entries.merge(others.entries) { first, second in
            var sum = first
            sum.count += second.count
            return sum
        }
    }

    /// One for each kind, at its first object.
    var findings: [Diagnostic] {
        entries.map { kind, entry in
            let objects = entry.count == 1 ? "an object" : "\(entry.count) objects"
            return Diagnostic(
                entry.isKnown ? ManifestCodes.ignoredKind : ManifestCodes.unknownKind,
                entry.isKnown ? .info : .warning,
                "skipped \(objects) of the \(entry.isKnown ? "" : "unknown ")kind \(kind)"
                    + (entry.isKnown ? ": canaryctl does not act on it" : ""),
                hint: entry.hint,
                file: entry.file,
                position: entry.position,
                path: "kind"
            )
        }
    }
}
