// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The kept fields of a kind as a tree, so that walking an object looks at nothing else.
final class KeptTree: Sendable {
    let branches: [(name: String, tree: KeptTree)]
    let kept: ServedFields.Kept?

    static let all = Dictionary(
        uniqueKeysWithValues: ServedFields.kinds.map { kind in
            let fields = ServedFields.fields(of: kind).compactMap { path, standing in
                if case .kept(let kept) = standing { (path.split(separator: ".")[...], kept) } else { nil }
            }
            return (kind, KeptTree(fields))
        }
    )

    private init(_ fields: [(path: ArraySlice<Substring>, kept: ServedFields.Kept)]) {
        kept = fields.first { $0.path.isEmpty }?.kept
        var names: [Substring] = []
        for case let name? in fields.map(\.path.first) where !names.contains(name) { names.append(name) }
        branches = names.map { name in
            let below = fields.filter { $0.path.first == name }.map { ($0.path.dropFirst(), $0.kept) }
            return (String(name), KeptTree(below))
        }
    }

    func branch(_ name: String) -> KeptTree? { branches.first { $0.name == name }?.tree }
}

extension ServedFields.Kept {
    /// What of a value the proxy does not act on; `nil` where it does as it is told.
    func unserved(_ value: Node) -> String? {
        let text = value.string ?? ""
        switch values {
        case .any:
            let isEmpty = value.sequence?.isEmpty == true || value.bool == false || value.string == ""
            return isEmpty ? nil : text
        case .these(let words): return words.contains { $0.matches(text) } ? text : nil
        case .otherThan(let words): return text.isEmpty || words.contains { $0.matches(text) } ? nil : text
        case .beginning(let start): return text.hasPrefix(start) ? text : nil
        case .listing(let words):
            return text.split(separator: ",").map { $0.filter { $0 != " " } }.first { words.contains($0) }
        case .containing(let character): return text.contains(character) ? text : nil
        case .no: return value.bool == false ? text : nil
        }
    }

    /// Whether single items of a list are meant, instead of the list.
    var concernsItems: Bool {
        if case .any = values { false } else { true }
    }
}

extension String {
    fileprivate func matches(_ other: String) -> Bool { lowercased() == other.lowercased() }
}

extension ServedFields {
    /// The fields of a VirtualService's HTTP route that are kept without effect, or some of whose values are.
    package static let keptRouteFields =
        KeptTree.all[.virtualService]?.branch("spec")?.branch("http")?.branches
        .filter { $0.tree.kept != nil }.map(\.name) ?? []
}
