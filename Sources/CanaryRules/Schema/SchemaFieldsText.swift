// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The generated text of a field table, cut into types; its format is described in `Tests/FieldTables/generate.py`.
package struct FieldTableText: Sendable {
    struct TypeText: Sendable {
        var name: Substring
        var lines: [Substring] = []

        /// The words of each line.
        var words: [[Substring]] {
            lines.map { $0.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) } }
        }
    }

    private(set) var types: [TypeText] = []
    /// The places of types in ``types``, by name.
    private(set) var numbers: [Substring: Int] = [:]
    private var roots: [ResourceKind: Int] = [:]
    /// For kinds whose versions differ: the types of some versions.
    private var versionRoots: [ResourceKind: [String: Int]] = [:]

    static let kubernetes = FieldTableText(KubernetesFields.table)
    static let istio = FieldTableText(IstioFields.table)
    static let canaryctl = FieldTableText(CanaryctlFields.table)

    /// The number of the type of a kind's objects.
    func root(_ kind: ResourceKind, apiVersion: String) -> Int? {
        if let versions = versionRoots[kind], let version = apiVersion.split(separator: "/").last,
            let number = versions[String(version)]
        {
            return number
        }
        return roots[kind]
    }

    package init(_ text: String) {
        var rootLines: [Substring] = []
        // Bytes are split much faster than characters, and the text is read whenever a manifest is.
        for bytes in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = Substring(bytes)
            switch bytes.first {
            case UInt8(ascii: "@"): rootLines.append(line)
            case UInt8(ascii: " "): types[types.count - 1].lines.append(line)
            default:
                numbers[line] = types.count
                types.append(TypeText(name: line))
            }
        }
        for line in rootLines {
            let words = line.split(separator: " ")
            let name = words[1].split(separator: "/")
            guard let kind = ResourceKind(manifestName: String(name[0])) else { continue }
            if name.count > 1 {
                versionRoots[kind, default: [:]][String(name[1])] = numbers[words[2]]
            } else {
                roots[kind] = numbers[words[2]]
            }
        }
    }
}

/// The field tables that one thread checks with.
package final class FieldTables {
    let kubernetes = SchemaFields(.kubernetes)
    let istio = SchemaFields(.istio)

    let canaryctl = SchemaFields(.canaryctl)

    package init() {}

    func table(of kind: ResourceKind) -> SchemaFields {
        kind.isOwn ? canaryctl : kind.isIstio ? istio : kubernetes
    }
}
