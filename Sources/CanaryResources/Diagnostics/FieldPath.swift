// SPDX-License-Identifier: Apache-2.0

/// The way from an object's root to one of its fields, written `spec.http[0].route[1].weight`.
package struct FieldPath: Hashable, Sendable {
    package enum Component: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package var components: [Component]

    package init(_ components: [Component] = []) {
        self.components = components
    }

    package static let root = FieldPath()

    package static func / (path: FieldPath, key: String) -> FieldPath {
        FieldPath(path.components + [.key(key)])
    }

    package subscript(index: Int) -> FieldPath {
        FieldPath(components + [.index(index)])
    }
}

extension FieldPath: ExpressibleByStringLiteral {
    /// A path of plain keys: `"spec.template.metadata.labels"`.
    package init(stringLiteral value: String) {
        self.init(value.split(separator: ".").map { .key(String($0)) })
    }
}

extension FieldPath: CustomStringConvertible {
    /// Keys that hold a dot or a bracket are quoted, as kubectl's jsonpath wants them: `labels["app.kubernetes.io/name"]`.
    package var description: String {
        var text = ""
        for component in components {
            switch component {
            case .index(let index):
                text += "[\(index)]"
            case .key(let key) where key.utf8.contains(where: Self.isSpecial):
                text += "[\"\(key)\"]"
            case .key(let key):
                text += text.isEmpty ? key : ".\(key)"
            }
        }
        return text
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: " "):
            true
        default: false
        }
    }
}

extension Node {
    /// Where to point for a field: at the value's key if it is there, else at the first written key of the innermost mapping
    /// that exists and lacks it.
    package func position(of path: FieldPath) -> Position {
        var place = position
        var node = self
        for component in path.components {
            switch (component, node.content) {
            case (.key(let key), .mapping(let mapping)):
                guard let entry = mapping.entry(key) else {
                    return mapping.entries.first { $0.keyPosition.isKnown }?.keyPosition ?? place
                }
                place = entry.keyPosition
                node = entry.value
            case (.index(let index), .sequence(let items)) where items.indices.contains(index):
                node = items[index]
                place = node.position
            default:
                return place
            }
        }
        return place
    }

    /// The value at a path, `nil` where the path leaves the object.
    package func value(at path: FieldPath) -> Node? {
        var node = self
        for component in path.components {
            switch (component, node.content) {
            case (.key(let key), .mapping(let mapping)):
                guard let value = mapping[key] else { return nil }
                node = value
            case (.index(let index), .sequence(let items)) where items.indices.contains(index):
                node = items[index]
            default:
                return nil
            }
        }
        return node
    }
}
