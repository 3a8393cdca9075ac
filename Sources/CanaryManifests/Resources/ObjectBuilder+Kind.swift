// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Which kind an object is of, after what could be guessed away.
struct Identity {
    var kind: ResourceKind
    /// What the body shall say.
    var apiVersion: String
    /// The version that the object was written in, where Kubernetes removed it.
    var retiredVersion: String?
}

extension ObjectBuilder {
    /// The kind and version of a document; reports what is wrong with them.
    mutating func identify(_ document: Node, _ header: Header) -> Identity? {
        guard let name = text(of: "kind", document, header.kind) else { return nil }
        if let kind = ResourceKind(manifestName: name, apiVersion: header.apiVersion ?? "") {
            if let apiVersion = header.apiVersion, isForeign(apiVersion, kind) {
                return unknown(document, name, header)
            }
            return version(document, kind, header)
        }
        if let kind = ResourceKind.allCases.first(where: { $0.singular == name.lowercased() }) {
            report(
                ManifestCodes.unknownKind,
                "unknown kind \"\(name)\": upper and lower case matter",
                hint: "write \"kind: \(kind.name)\"",
                at: document.position(of: "kind"),
                "kind"
            )
            return version(document, kind, header)
        }
        return unknown(document, name, header)
    }

    /// A string field of the header; reports it if it is missing or of another type.
    private mutating func text(of key: String, _ document: Node, _ value: String?) -> String? {
        if let value, !value.isEmpty { return value }
        let path = FieldPath([.key(key)])
        if let node = document[key], node.string == nil {
            report(
                ManifestCodes.headerType,
                "\(key) is a string, not \(node.typeName)",
                hint: "write a word, such as Service",
                at: node.position,
                path
            )
            return nil
        }
        let guess = document["apiVersion"]?.string.map(Self.kinds) ?? []
        report(
            ManifestCodes.missingKind,
            "the object does not say what it is: \(key) is missing",
            hint: guess.count == 1
                ? "add \"kind: \(guess[0].name)\""
                : "add \"kind:\" with one of \((guess.isEmpty ? ResourceKind.names : guess.map(\.name)).listed)",
            at: document.position(of: path),
            path
        )
        return nil
    }

    private static func kinds(of apiVersion: String) -> [ResourceKind] {
        ResourceKind.allCases.filter { $0.apiVersions.contains(apiVersion) }
    }

    /// Whether the group is one that none of the known kinds lives in: then the object is another one of the same
    /// name, such as the Gateway of `gateway.networking.k8s.io` or the Service of Knative.
    private func isForeign(_ apiVersion: String, _ kind: ResourceKind) -> Bool {
        guard !kind.apiVersions.contains(apiVersion) else { return false }
        let group = String(apiVersion.split(separator: "/").dropLast().first ?? "")
        // Argo has other kinds of the names that canaryctl's have.
        let kinds = ResourceKind.allCases.filter { $0 != .argoRollout }
        let known = Set(kinds.map(\.group) + [kind.group, "extensions"])
        guard !known.contains(group) else { return false }
        return Suggestion.closest(to: group, among: [kind.group]) == nil
    }

    private mutating func unknown(_ document: Node, _ name: String, _ header: Header) -> Identity? {
        let place = (file: file, position: document.position(of: "kind"))
        if IgnoredKinds.contains(name, apiVersion: header.apiVersion ?? "") {
            skip(document)
            skipped.add(name, isKnown: true, at: place)
            return nil
        }
        let sameName = ResourceKind(manifestName: name)
        let known = ResourceKind.names
        let guess = Suggestion.closest(to: name, among: known).flatMap { $0 == name ? nil : $0 }
        let what = sameName == nil ? "\"\(name)\"" : "\"\(name)\" of \"\(header.apiVersion ?? "")\""
        let hint: String
        if let sameName {
            hint =
                "--ignore-unknown skips such objects; canaryctl knows the \(name) of "
                + sameName.apiVersions.listed
        } else {
            hint =
                guess.map { "did you mean \"\($0)\"?" }
                ?? "--ignore-unknown skips such objects; the known kinds are \(known.listed)"
        }
        if ignoreUnknownKinds {
            skip(document)
            skipped.add(what, isKnown: false, hint: guess == nil ? nil : hint, at: place)
        } else {
            report(ManifestCodes.unknownKind, "unknown kind \(what)", hint: hint, at: place.position, "kind")
        }
        return nil
    }

    private mutating func version(_ document: Node, _ kind: ResourceKind, _ header: Header) -> Identity? {
        guard let apiVersion = header.apiVersion, !apiVersion.isEmpty else {
            reportVersion(document, kind)
            return Identity(kind: kind, apiVersion: kind.apiVersion)
        }
        if kind.apiVersions.contains(apiVersion) { return Identity(kind: kind, apiVersion: apiVersion) }
        let place = document.position(of: "apiVersion")
        if let gone = RetiredVersion.of(kind, apiVersion) {
            report(
                ManifestCodes.goneAPIVersion,
                "\(apiVersion) is gone since Kubernetes \(gone.since): the \(kind.name) is stored as \(kind.apiVersion)",
                severity: .warning,
                hint:
                    "write \"apiVersion: \(kind.apiVersion)\"\(gone.needsSelector ? " and give spec.selector" : "")",
                at: place,
                "apiVersion"
            )
            return Identity(kind: kind, apiVersion: kind.apiVersion, retiredVersion: apiVersion)
        }
        report(
            ManifestCodes.wrongAPIVersion,
            "\(kind.article) \(kind.name) is not of \"\(apiVersion)\"",
            hint: "write \(kind.apiVersions.map { "\"apiVersion: \($0)\"" }.joined(separator: " or "))",
            at: place,
            "apiVersion"
        )
        return Identity(kind: kind, apiVersion: kind.apiVersion)
    }

    private mutating func reportVersion(_ document: Node, _ kind: ResourceKind) {
        if let node = document["apiVersion"], node.string == nil {
            report(
                ManifestCodes.headerType,
                "apiVersion is a string, not \(node.typeName)",
                hint: "write \"apiVersion: \(kind.apiVersion)\"",
                at: node.position,
                "apiVersion"
            )
            return
        }
        report(
            ManifestCodes.missingAPIVersion,
            "\(kind.article) \(kind.name) needs an apiVersion: it is missing",
            hint: "add \"apiVersion: \(kind.apiVersion)\"",
            at: document.position(of: "apiVersion"),
            "apiVersion"
        )
    }
}

extension ResourceKind {
    fileprivate var apiVersions: [String] { Self.apiVersions[self] ?? [] }

    private static let apiVersions: [ResourceKind: [String]] = Dictionary(
        uniqueKeysWithValues: allCases.map { kind in
            (kind, kind.versions.map { kind.group.isEmpty ? $0 : "\(kind.group)/\($0)" })
        }
    )

    fileprivate var article: String {
        "AEIOU".contains(name.prefix(1)) ? "an" : "a"
    }
}

extension [String] {
    /// `a, b and c`
    fileprivate var listed: String {
        guard count > 1, let last else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " and " + last
    }
}
