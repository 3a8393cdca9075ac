// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

extension Composer {
    mutating func addScalar(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        let scalar = unsafe event.data.scalar
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        unsafe colons?.putBack(event)
        guard bytes.count <= limits.scalarBytes else {
            throw .meaning(
                ManifestCodes.limit,
                "a value of \(bytes.count) bytes is larger than the \(limits.scalarBytes) bytes allowed",
                hint: "shorten it, or split the object",
                unsafe Mark(event.start_mark)
            )
        }
        let place = unsafe position(event.start_mark)
        if let frame = frames.last, frame.isMapping, frame.key == nil {
            unsafe try addKey(event, bytes, place)
            return
        }
        var content: Node.Content
        if unsafe scalar.tag != nil {
            content = unsafe tagged(event, bytes, place)
        } else if unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE {
            content = unsafe plain(bytes, place)
            unsafe reportElision(event, bytes)
        } else {
            content = unsafe .string(cache.string(bytes))
        }
        byteCount &+= bytes.count
        let node = Node(content, at: place)
        if let name = unsafe scalar.anchor {
            unsafe anchors[String(cString: name)] = Anchor(
                node: node,
                nodes: 1,
                bytes: bytes.count + 16,
                height: 1
            )
        }
        unsafe try attach(node, height: 1, event)
    }

    private mutating func plain(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Position) -> Node.Content {
        switch unsafe ScalarResolver.resolve(bytes) {
        case .value(let content): return content
        case .string: break
        case .hugeInteger:
            let text = unsafe String(decoding: bytes.prefix(80), as: UTF8.self)
            report(
                ManifestCodes.number,
                "the integer \(text) does not fit into 64 bits",
                hint: "quote it if it is meant as text: \"\(text)\"",
                at: place
            )
        case .notFinite:
            let text = unsafe String(decoding: bytes, as: UTF8.self)
            report(
                ManifestCodes.number,
                "\(text) is a number that Kubernetes' JSON cannot hold",
                hint: "quote it if it is meant as text: \"\(text)\"",
                at: place
            )
        }
        return unsafe .string(cache.string(bytes))
    }

    /// A plain `...`, alone or as the last line of a value that it was folded into.
    private mutating func reportElision(_ event: borrowing yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>)
    {
        guard bytes.count >= 3, unsafe bytes.suffix(3).allSatisfy({ $0 == UInt8(ascii: ".") }) else { return }
        let isFolded = unsafe event.end_mark.line > event.start_mark.line
        let isAlone =
            unsafe bytes.count == 3
            || (isFolded && bytes.dropLast(3).last.map { $0 <= UInt8(ascii: " ") } ?? false)
        guard isAlone else { return }
        var place = unsafe position(event.end_mark)
        place.column = place.column > 3 ? place.column - 3 : 1
        report(
            ManifestCodes.elision,
            "\"...\" stands for fields that were left out, and is no manifest",
            hint: isFolded
                ? ElisionText.hint : "write the fields out, or quote it if it is meant as text: \"...\"",
            at: place
        )
    }

    private mutating func addKey(
        _ event: borrowing yaml_event_t,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ place: Position
    ) throws(YAMLProblem) {
        let scalar = unsafe event.data.scalar
        let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.tag == nil
        let last = frames.count - 1
        if isPlain, bytes.count == 2, unsafe bytes[0] == UInt8(ascii: "<"),
            unsafe bytes[1] == UInt8(ascii: "<")
        {
            frames[last].isMerge = true
            frames[last].key = "<<"
            frames[last].keyPosition = place
            return
        }
        var key: String
        if isPlain {
            key = unsafe try plainKey(bytes, Mark(event.start_mark), place)
        } else if unsafe scalar.tag != nil {
            let content = unsafe tagged(event, bytes, place)
            key = unsafe try self.key(content, Mark(event.start_mark))
        } else {
            key = unsafe cache.string(bytes)
        }
        if let name = unsafe scalar.anchor {
            let node = Node(.string(key), at: place)
            unsafe anchors[String(cString: name)] = Anchor(
                node: node,
                nodes: 1,
                bytes: bytes.count + 16,
                height: 1
            )
        }
        byteCount &+= bytes.count
        frames[last].key = key
        frames[last].keyPosition = place
    }

    private mutating func plainKey(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ mark: Mark,
        _ place: Position
    ) throws(YAMLProblem) -> String {
        guard case .value(let content) = unsafe ScalarResolver.resolve(bytes) else {
            return unsafe cache.string(bytes)
        }
        return try key(content, mark)
    }

    /// Keys are strings in JSON: booleans and numbers become their text, as in sigs.k8s.io/yaml.
    func key(_ content: Node.Content, _ mark: Mark) throws(YAMLProblem) -> String {
        switch content {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value): return JSONWriter.text(of: value)
        case .null, .sequence, .mapping:
            throw .meaning(
                ManifestCodes.keyType,
                "a key cannot be \(Node(content).typeName)",
                hint: "write a string as the key",
                mark
            )
        }
    }
}
