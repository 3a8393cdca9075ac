// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryModel

/// Builds one document's value from libyaml's events.
///
/// Open collections keep their parts on two shared stacks, one for the entries of mappings and one for the items of
/// lists; a collection that ends takes its part off the stack into an array of just the right size. Aliases share the
/// storage of their anchors, so a bomb costs nothing here; what it would cost whoever walks the value is counted
/// against the limits.
///
/// Merge keys work as in kubectl, which applies them where they stand: what comes later in a mapping, whether merged
/// or written, replaces what came before. Of a list of mappings under `<<`, the earlier ones win.
struct Composer {
    private struct Frame {
        var isMapping: Bool
        var isBlock: Bool
        var start: Int
        var position: Position
        var anchor: String?
        /// The key that waits for its value.
        var key: String?
        var keyPosition = Position.unknown
        var isMerge = false
        /// Entries on the stack that came out of `<<`.
        var merged: [Range<Int>] = []
        var height = 1
        var nodesBefore: Int
        var bytesBefore: Int
    }

    private struct Anchor {
        var node: Node
        var nodes: Int
        var bytes: Int
        var height: Int
    }

    let file: String
    let limits: ManifestLimits
    /// The line, counted from 0, that the event stream's first line has in the file.
    var firstLine = 0
    var diagnostics: [Diagnostic] = []

    private var cache = StringCache()
    private var frames: [Frame] = []
    private var entries: [Mapping.Entry] = []
    private var items: [Node] = []
    private var anchors: [String: Anchor] = [:]
    private var root: Node?
    private(set) var nodeCount: Int
    private(set) var aliasBytes: Int
    /// Scalars' bytes plus 16 a value, aliases counted as often as they stand.
    private var byteCount = 0

    init(file: String, limits: ManifestLimits, nodeCount: Int, aliasBytes: Int) {
        self.file = file
        self.limits = limits
        self.nodeCount = nodeCount
        self.aliasBytes = aliasBytes
    }

    /// Forgets what an unfinished document left.
    mutating func beginDocument() {
        frames.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        if !anchors.isEmpty { anchors = [:] }
        root = nil
    }

    mutating func takeDocument() -> Node? {
        defer { root = nil }
        return root
    }

    /// Takes one event between the start and the end of a document.
    mutating func add(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        switch event.type {
        case YAML_SCALAR_EVENT: try addScalar(event)
        case YAML_ALIAS_EVENT: try addAlias(event)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try open(event, isMapping: true, start.anchor, start.tag, start.style == YAML_BLOCK_MAPPING_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            let isBlock = start.style == YAML_BLOCK_SEQUENCE_STYLE
            try open(event, isMapping: false, start.anchor, start.tag, isBlock)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: try close(event)
        default: break
        }
    }

    func position(_ mark: yaml_mark_t) -> Position {
        Position(
            line: UInt32(clamping: mark.line &+ firstLine &+ 1),
            column: UInt32(clamping: mark.column &+ 1)
        )
    }

    /// The way to the value that comes next.
    private var path: FieldPath {
        var path = FieldPath.root
        for (depth, frame) in frames.enumerated() {
            if frame.isMapping {
                path.components.append(.key(frame.key ?? ""))
            } else {
                let end =
                    depth + 1 < frames.count ? frames[(depth + 1)...].first { !$0.isMapping }?.start : nil
                path.components.append(.index((end ?? items.count) - frame.start))
            }
        }
        return path
    }

    mutating func report(
        _ code: RuleCode,
        _ message: String,
        severity: Severity = .error,
        hint: String? = nil,
        at place: Position
    ) {
        let finding = Diagnostic(
            code,
            severity,
            message,
            hint: hint,
            file: file,
            position: place,
            path: path
        )
        diagnostics.append(finding)
    }
}

// MARK: - Scalars

extension Composer {
    private mutating func addScalar(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        guard bytes.count <= limits.scalarBytes else {
            throw .meaning(
                ManifestCodes.limit,
                "a value of \(bytes.count) bytes is larger than the \(limits.scalarBytes) bytes allowed",
                hint: nil,
                Mark(event.start_mark)
            )
        }
        let place = position(event.start_mark)
        if let frame = frames.last, frame.isMapping, frame.key == nil {
            try addKey(event, bytes, place)
            return
        }
        var content: Node.Content
        if scalar.tag != nil {
            content = tagged(event, bytes, place)
        } else if scalar.style == YAML_PLAIN_SCALAR_STYLE {
            content = plain(bytes, place)
            reportElision(event, bytes)
        } else {
            content = .string(cache.string(bytes))
        }
        byteCount &+= bytes.count
        let node = Node(content, at: place)
        if let name = scalar.anchor {
            anchors[String(cString: name)] = Anchor(node: node, nodes: 1, bytes: bytes.count + 16, height: 1)
        }
        try attach(node, height: 1, event)
    }

    private mutating func plain(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Position) -> Node.Content {
        switch ScalarResolver.resolve(bytes) {
        case .value(let content): return content
        case .string: break
        case .hugeInteger:
            let text = String(decoding: bytes.prefix(80), as: UTF8.self)
            report(
                ManifestCodes.number,
                "the integer \(text) does not fit into 64 bits",
                hint: "quote it if it is meant as text: \"\(text)\"",
                at: place
            )
        case .notFinite:
            let text = String(decoding: bytes, as: UTF8.self)
            report(
                ManifestCodes.number,
                "\(text) is a number that Kubernetes' JSON cannot hold",
                hint: "quote it if it is meant as text: \"\(text)\"",
                at: place
            )
        }
        return .string(cache.string(bytes))
    }

    /// A plain `...`, alone or as the last line of a value that it was folded into.
    private mutating func reportElision(_ event: borrowing yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>)
    {
        guard bytes.count >= 3, bytes.suffix(3).allSatisfy({ $0 == UInt8(ascii: ".") }) else { return }
        let isFolded = event.end_mark.line > event.start_mark.line
        let isAlone =
            bytes.count == 3 || (isFolded && bytes.dropLast(3).last.map { $0 <= UInt8(ascii: " ") } ?? false)
        guard isAlone else { return }
        var place = position(event.end_mark)
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
        let scalar = event.data.scalar
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.tag == nil
        let last = frames.count - 1
        if isPlain, bytes.count == 2, bytes[0] == UInt8(ascii: "<"), bytes[1] == UInt8(ascii: "<") {
            frames[last].isMerge = true
            frames[last].key = "<<"
            frames[last].keyPosition = place
            return
        }
        var key: String
        if isPlain {
            key = try plainKey(bytes, Mark(event.start_mark), place)
        } else if scalar.tag != nil {
            let content = tagged(event, bytes, place)
            key = try self.key(content, Mark(event.start_mark))
        } else {
            key = cache.string(bytes)
        }
        if let name = scalar.anchor {
            let node = Node(.string(key), at: place)
            anchors[String(cString: name)] = Anchor(node: node, nodes: 1, bytes: bytes.count + 16, height: 1)
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
        guard case .value(let content) = ScalarResolver.resolve(bytes) else { return cache.string(bytes) }
        return try key(content, mark)
    }

    /// Keys are strings in JSON: booleans and numbers become their text, as in sigs.k8s.io/yaml.
    private func key(_ content: Node.Content, _ mark: Mark) throws(YAMLProblem) -> String {
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

// MARK: - Tags

extension Composer {
    /// An explicit tag decides the type: `!!str 1` is text. `!!binary` gives the decoded bytes, if they are text.
    /// Tags that are not YAML's own leave a string and get a warning.
    private mutating func tagged(
        _ event: borrowing yaml_event_t,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ place: Position
    ) -> Node.Content {
        let text = cache.string(bytes)
        let tag = event.data.scalar.tag.map { String(cString: $0) } ?? ""
        let prefix = "tag:yaml.org,2002:"
        guard tag.hasPrefix(prefix) else {
            if tag != "!" { reportForeign(tag, place) }
            return .string(text)
        }
        let name = tag.dropFirst(prefix.count)
        let outcome = ScalarResolver.resolve(bytes)
        switch (name, outcome) {
        case ("str", _), ("timestamp", .string): return .string(text)
        case ("int", .value(.integer(let value))): return .integer(value)
        case ("float", .value(.integer(let value))): return .number(Double(value))
        case ("float", .value(.number(let value))): return .number(value)
        case ("bool", .value(.bool(let value))): return .bool(value)
        case ("null", .value(.null)): return .null
        case ("binary", _):
            if let decoded = Base64.decode(bytes), let text = String(validating: decoded, as: UTF8.self) {
                return .string(text)
            }
            report(
                ManifestCodes.tag,
                "the !!binary value is not text in base64",
                hint: "leave the tag out: fields of bytes take base64 as a plain string",
                at: place
            )
        case ("int", _), ("float", _), ("bool", _), ("null", _), ("timestamp", _):
            report(
                ManifestCodes.tag,
                "\"\(text.prefix(80))\" cannot be read as !!\(name)",
                hint: "leave the tag out",
                at: place
            )
        default: reportForeign("!!\(name)", place)
        }
        return .string(text)
    }

    private mutating func reportForeign(_ tag: String, _ place: Position) {
        report(
            ManifestCodes.tag,
            "the tag \"\(tag.prefix(80))\" means nothing in a manifest and is ignored",
            severity: .warning,
            hint: "leave the tag out",
            at: place
        )
    }
}

// MARK: - Collections

extension Composer {
    private mutating func open(
        _ event: borrowing yaml_event_t,
        isMapping: Bool,
        _ anchor: UnsafePointer<UInt8>?,
        _ tag: UnsafePointer<UInt8>?,
        _ isBlock: Bool
    ) throws(YAMLProblem) {
        let place = position(event.start_mark)
        if let frame = frames.last, frame.isMapping, frame.key == nil {
            throw .meaning(
                ManifestCodes.keyType,
                "a key cannot be \(isMapping ? "a mapping" : "a list")",
                hint: isMapping && !isBlock
                    ? "quote a template's braces: \"{{ … }}\"" : "write a string as the key",
                Mark(event.start_mark)
            )
        }
        guard frames.count < limits.depth else { throw tooDeep(Mark(event.start_mark)) }
        if let tag {
            let name = String(cString: tag)
            let own = isMapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq"
            if name != own, name != "!" { reportForeign(name, place) }
        }
        let frame = Frame(
            isMapping: isMapping,
            isBlock: isBlock,
            start: isMapping ? entries.count : items.count,
            position: place,
            anchor: anchor.map { String(cString: $0) },
            nodesBefore: nodeCount,
            bytesBefore: byteCount
        )
        frames.append(frame)
    }

    private func tooDeep(_ mark: Mark) -> YAMLProblem {
        .meaning(
            ManifestCodes.limit,
            "lists and mappings are nested more than \(limits.depth) deep",
            hint: nil,
            mark
        )
    }

    private mutating func close(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
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
        try attach(node, height: frame.height, event)
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
    private mutating func attach(
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
                Mark(event.start_mark)
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

// MARK: - Aliases and merge keys

extension Composer {
    private mutating func addAlias(_ event: borrowing yaml_event_t) throws(YAMLProblem) {
        let name = event.data.alias.anchor.map { String(cString: $0) } ?? ""
        let mark = Mark(event.start_mark)
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
            frames[frames.count - 1].keyPosition = position(event.start_mark)
            return
        }
        nodeCount &+= anchor.nodes - 1
        byteCount &+= anchor.bytes - 16
        var node = anchor.node
        node.position = position(event.start_mark)
        try attach(node, height: anchor.height, event)
    }

    private mutating func merge(_ node: Node) throws(YAMLProblem) {
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
