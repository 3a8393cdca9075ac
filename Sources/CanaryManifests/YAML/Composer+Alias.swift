// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

extension Composer {
    mutating func addAlias(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        let name = unsafe event.data.alias.anchor.map { unsafe String(cString: $0) } ?? ""
        let mark = unsafe Mark(event.start_mark)
        guard !frames.contains(where: { $0.anchor == name }) else {
            throw .meaning(
                ManifestCodes.alias,
                "the alias \"*\(name)\" stands inside of its own anchor \"&\(name)\"",
                hint: "write the value out",
                mark
            )
        }
        guard let anchor = anchors[name] else {
            let guess = Suggestion.closest(to: name, among: anchors.keys.sorted())
            throw .meaning(
                ManifestCodes.alias,
                "the alias \"*\(name)\" names no anchor of this document",
                hint: guess.map { "did you mean \"*\($0)\"?" }
                    ?? "define it with \"&\(name)\" before, or quote the value: \"*\(name)\"",
                mark
            )
        }
        guard frames.count + anchor.height <= limits.depth else { throw tooDeep(mark) }
        aliasBytes &+= anchor.bytes
        guard aliasBytes <= limits.aliasBytes else {
            throw .stop(
                ManifestCodes.limit,
                "the aliases stand for more than \(limits.aliasBytes) bytes",
                hint: "write the values out, or split the manifest",
                mark
            )
        }
        if let frame = frames.last, frame.isMapping, frame.key == nil {
            frames[frames.count - 1].key = try key(anchor.node.content, mark)
            frames[frames.count - 1].keyPosition = unsafe position(event.start_mark)
            return
        }
        nodeCount &+= anchor.nodes - 1
        byteCount &+= anchor.bytes - 16
        var node = anchor.node
        node.position = unsafe position(event.start_mark)
        try unsafe attach(node, height: anchor.height, event)
    }

    mutating func merge(_ node: Node) throws(YAMLProblem) {
        let start = entries.count
        switch node.content {
        case .mapping(let mapping):
            entries.append(contentsOf: mapping.entries)
        case .sequence(let list):
            for item in list.reversed() {
                guard let mapping = item.mapping else { throw unmergeable(item) }
                entries.append(contentsOf: mapping.entries)
            }
        default: throw unmergeable(node)
        }
        frames[frames.count - 1].merged.append(start..<entries.count)
        frames[frames.count - 1].isMerge = false
    }

    private func unmergeable(_ node: Node) -> YAMLProblem {
        let mark = Mark(
            line: Int(node.position.line) - firstLine - 1,
            column: Int(node.position.column) - 1
        )
        return .meaning(
            ManifestCodes.mergeKey,
            "\"<<\" merges a mapping or a list of mappings, not \(node.typeName)",
            hint: "quote the key if it is meant as text: \"<<\"",
            mark
        )
    }
}
