// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

extension Composer {
    mutating func open(
        _ event: borrowing yaml_event_t,
        isMapping: Bool,
        _ anchor: UnsafePointer<UInt8>?,
        _ tag: UnsafePointer<UInt8>?,
        _ isBlock: Bool
    ) throws(YAMLProblem) {
        let place = unsafe position(event.start_mark)
        if let frame = frames.last, frame.isMapping, frame.key == nil {
            throw .meaning(
                ManifestCodes.keyType,
                "a key cannot be \(isMapping ? "a mapping" : "a list")",
                hint: isMapping && !isBlock
                    ? "quote a template's braces: \"{{ … }}\"" : "write a string as the key",
                unsafe Mark(event.start_mark)
            )
        }
        guard frames.count < limits.depth else { throw unsafe tooDeep(Mark(event.start_mark)) }
        if let tag = unsafe tag {
            let name = unsafe String(cString: tag)
            let own = isMapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq"
            if name != own, name != "!" { reportForeign(name, place) }
        }
        let frame = unsafe Frame(
            isMapping: isMapping,
            isBlock: isBlock,
            start: isMapping ? entries.count : items.count,
            position: place,
            anchor: anchor.map { unsafe String(cString: $0) },
            nodesBefore: nodeCount,
            bytesBefore: byteCount
        )
        frames.append(frame)
    }

    func tooDeep(_ mark: Mark) -> YAMLProblem {
        .meaning(
            ManifestCodes.limit,
            "lists and mappings are nested more than \(limits.depth) deep",
            hint: "no manifest needs that many levels: is a bracket or a brace not closed?",
            mark
        )
    }

    mutating func close(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        guard let frame = frames.last else { return }
        let node: Node
        if frame.isMapping {
            var place = frame.position
            if frame.isBlock, entries.count > frame.start { place = entries[frame.start].keyPosition }
            node = Node(.mapping(takeMapping(frame)), at: place)
        } else {
            node = Node(.sequence(Array(items[frame.start...])), at: frame.position)
            items.removeSubrange(frame.start...)
        }
        frames.removeLast()
        if let name = frame.anchor {
            anchors[name] = Anchor(
                node: node,
                nodes: nodeCount - frame.nodesBefore + 1,
                bytes: byteCount - frame.bytesBefore + 16,
                height: frame.height
            )
        }
        try unsafe attach(node, height: frame.height, event)
    }

    private mutating func takeMapping(_ frame: Frame) -> Mapping {
        var repetitions: [(first: Mapping.Entry, again: Mapping.Entry)] = []
        let mapping = Mapping(resolving: entries[frame.start...]) { first, again in
            let isMerged = frame.merged.contains { $0.contains(first) || $0.contains(again) }
            if !isMerged, repetitions.count < limits.findings {
                repetitions.append((entries[first], entries[again]))
            }
        }
        entries.removeSubrange(frame.start...)
        for (first, again) in repetitions {
            let place = first.keyPosition
            frames[frames.count - 1].key = again.key
            report(
                ManifestCodes.duplicateKey,
                "the key \"\(again.key)\" is already in this mapping, at line \(place.line), column \(place.column)",
                hint: "keep one of the two",
                at: again.keyPosition
            )
        }
        return mapping
    }

    /// Gives a finished value to the collection that is open.
    @inline(__always)
    mutating func attach(
        _ node: Node,
        height: Int,
        _ event: borrowing yaml_event_t
    ) throws(YAMLProblem) {
        nodeCount &+= 1
        byteCount &+= 16
        guard nodeCount <= limits.nodes else {
            throw .stop(
                ManifestCodes.limit,
                "the manifests hold more than \(limits.nodes) values",
                hint: "read them in several runs",
                unsafe Mark(event.start_mark)
            )
        }
        let last = frames.count - 1
        guard last >= 0 else {
            root = node
            return
        }
        if frames[last].height <= height { frames[last].height = height + 1 }
        guard frames[last].isMapping else {
            items.append(node)
            return
        }
        guard let key = frames[last].key else { return }
        if frames[last].isMerge {
            try merge(node)
        } else {
            entries.append(Mapping.Entry(key: key, keyPosition: frames[last].keyPosition, value: node))
        }
        frames[last].key = nil
    }
}
