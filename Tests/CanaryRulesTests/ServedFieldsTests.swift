// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryResources
@testable import CanaryRules

/// Holds the table of what is served to the field tables: a new field can't be forgotten, and none is dropped without a word.
struct ServedFieldsTests {
    /// A field that holds values, and the way to it.
    struct Leaf {
        var fields: [SchemaFields.Field]

        var path: String { fields.map(\.name).joined(separator: ".") }
        var field: SchemaFields.Field { fields[fields.count - 1] }

        /// An object that has this field alone.
        func object(_ kind: ResourceKind, _ value: Node) -> Resource {
            var node = value
            for field in fields.reversed() {
                switch field.shape {
                case .one: break
                case .list: node = [node]
                case .map: node = ["key": node]
                }
                node = .init(.mapping(Mapping([.init(key: field.name, value: node)])))
            }
            return CanaryTestSupport.object(kind, "sample", node)
        }
    }

    private static func leaves(of kind: ResourceKind) throws -> [Leaf] {
        let table = FieldTables().table(of: kind)
        var leaves: [Leaf] = []
        func collect(_ type: SchemaFields.ObjectType, _ way: [SchemaFields.Field]) {
            for field in type.fields {
                if case .object(let number) = field.element {
                    collect(table.type(number), way + [field])
                } else {
                    leaves.append(Leaf(fields: way + [field]))
                }
            }
        }
        collect(try #require(table.root(kind, apiVersion: kind.apiVersion)), [])
        return leaves
    }

    private static func covers(_ path: String, _ other: String) -> Bool {
        other == path || other.hasPrefix(path + ".")
    }

    /// What the table says of a field: the nearest above decides.
    private static func standing(of path: String, _ kind: ResourceKind) -> (
        path: String, standing: ServedFields.Standing
    )? {
        ServedFields.fields(of: kind).filter { covers($0.path, path) }.max { $0.path.count < $1.path.count }
    }

    /// The paths that CAN1001 tells of an object, without places in lists.
    private static func told(_ resource: Resource) -> [String] {
        RuleCatalog.checkObject(resource).filter { $0.code == NotServedRule.code }.map { finding in
            finding.path.components.compactMap { if case .key(let key) = $0 { key } else { nil } }
                .joined(separator: ".")
        }
    }

    /// A value of a field that has no standing of its own.
    private static func anyValue(_ field: SchemaFields.Field) -> Node {
        switch field.element {
        case .boolean: true
        case .number, .int32, .int64, .uint32: 1
        default: .string(field.limits?.allowed.first ?? "x")
        }
    }

    /// A value that the proxy does not act on, and one that it does.
    private static func values(_ kept: ServedFields.Kept, _ field: SchemaFields.Field) -> (
        unserved: Node, served: Node?
    ) {
        let allowed = field.limits?.allowed ?? []
        func other(than words: [String]) -> Node {
            .string(allowed.first { !words.contains($0) } ?? "OTHER")
        }
        return switch kept.values {
        case .any: (anyValue(field), field.element == .boolean ? false : nil)
        case .these(let words): (.string(words[0]), other(than: words))
        case .otherThan(let words): (other(than: words), .string(words[0]))
        case .beginning(let start): (.string("\(start)//x"), "10.0.0.1")
        case .listing(let words): (.string("5xx, \(words[0])"), "5xx,reset")
        case .containing(let character): (.string("1\(character)2"), "10.0.0.1")
        case .no: (false, true)
        }
    }

    @Test(arguments: ServedFields.kinds)
    func `every field is served, without meaning here, or warned of`(_ kind: ResourceKind) throws {
        for leaf in try Self.leaves(of: kind) {
            guard let (path, standing) = Self.standing(of: leaf.path, kind) else {
                Issue.record("nothing says what the proxy does with \(leaf.path) of \(kind)")
                continue
            }
            guard case .kept(let kept) = standing else {
                let told = Self.told(leaf.object(kind, Self.anyValue(leaf.field)))
                #expect(!told.contains { Self.covers($0, leaf.path) }, "\(leaf.path)")
                continue
            }
            let (unserved, served) =
                path == leaf.path ? Self.values(kept, leaf.field) : (Self.anyValue(leaf.field), nil)
            #expect(Self.told(leaf.object(kind, unserved)).contains(path), "\(leaf.path): \(unserved)")
            guard let served else { continue }
            #expect(!Self.told(leaf.object(kind, served)).contains(path), "\(leaf.path): \(served)")
        }
    }

    @Test(arguments: ServedFields.kinds)
    func `the table names no field that does not exist, and none twice`(_ kind: ResourceKind) throws {
        let paths = ServedFields.fields(of: kind).map(\.path)
        let leaves = try Self.leaves(of: kind).map(\.path)
        #expect(Set(paths).count == paths.count)
        for path in paths where path != "status" && path != "spec" {
            #expect(leaves.contains { Self.covers(path, $0) }, "\(path)")
        }
    }

    @Test func `every kind that decides about traffic is in the table`() {
        let kinds: Set<ResourceKind> = [
            .virtualService, .destinationRule, .service, .serviceEntry, .workloadEntry, .gateway,
            .endpoints, .endpointSlice,
        ]
        #expect(Set(ServedFields.kinds) == kinds)
    }

    @Test func `a ServiceEntry without resolution is one of resolution NONE`() {
        let entry = object(.serviceEntry, "a", ["spec": ["hosts": ["a.example"]]])
        #expect(Self.told(entry) == ["spec.resolution"])
    }

    @Test func `messages name the value`() {
        let service = object(.service, "a", ["spec": ["ports": [["port": 53, "protocol": "UDP"]]]])
        let messages = RuleCatalog.checkObject(service).filter { $0.code == NotServedRule.code }.map(
            \.message
        )
        #expect(messages == ["the proxy does not serve UDP"])
    }
}
