// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import CanaryResources

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
    /// A list or mapping that is open.
    struct Frame {
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

    /// What an alias stands for, and what it costs.
    struct Anchor {
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
    /// The colons of the text that something else stands for.
    var colons: HiddenColons?

    var cache = StringCache()
    var frames: [Frame] = []
    var entries: [Mapping.Entry] = []
    var items: [Node] = []
    var anchors: [String: Anchor] = [:]
    var root: Node?
    var nodeCount: Int
    var aliasBytes: Int
    /// Scalars' bytes plus 16 a value, aliases counted as often as they stand.
    var byteCount = 0

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
        switch unsafe event.type {
        case YAML_SCALAR_EVENT: try unsafe addScalar(event)
        case YAML_ALIAS_EVENT: try unsafe addAlias(event)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            try unsafe open(
                event,
                isMapping: true,
                start.anchor,
                start.tag,
                start.style == YAML_BLOCK_MAPPING_STYLE
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            let isBlock = unsafe start.style == YAML_BLOCK_SEQUENCE_STYLE
            try unsafe open(event, isMapping: false, start.anchor, start.tag, isBlock)
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: try unsafe close(event)
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
        hint: String,
        at place: Position,
        isLast: Bool = false
    ) {
        // One more than are told says that there are too many.
        guard diagnostics.count <= limits.findings || isLast else { return }
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
