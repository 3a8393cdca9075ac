// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Checks an object against the fields that its kind has: unknown and missing fields, types, and limits.
///
/// A null counts as absent, as for Kubernetes. Checking is linear in the object's size and builds no path unless it
/// has something to report.
package struct SchemaCheck {
    private let table: SchemaFields
    private let body: Node
    private let file: String?
    /// `nil` for texts that are no objects.
    private let resource: ResourceKey?
    private let text: (any WrittenText)?
    private var trail: [FieldPath.Component] = []
    private var findings: [Diagnostic] = []
    private var unknownFields = 0
    private var otherFaults = 0

    /// All findings about one object; none for a kind without a table. Whoever checks many should keep the tables.
    package static func check(
        _ resource: Resource,
        _ tables: FieldTables = FieldTables(),
        text: (any WrittenText)? = nil
    ) -> [Diagnostic] {
        let table = tables.table(of: resource.kind)
        let body = resource.body
        let apiVersion = body["apiVersion"]?.string ?? ""
        guard let root = table.root(resource.kind, apiVersion: apiVersion) else { return [] }
        var check = SchemaCheck(
            table: table,
            body: body,
            file: resource.file,
            resource: resource.key,
            text: text
        )
        check.checkObject(body, root, parent: nil)
        return check.findings
    }

    /// All findings about a document that is no object, but of a type of its own.
    package static func check(_ document: Node, type: String, of table: SchemaFields, file: String?)
        -> [Diagnostic]
    {
        guard let root = table.type(named: type) else { return [] }
        var check = SchemaCheck(table: table, body: document, file: file, resource: nil, text: nil)
        check.checkObject(document, root, parent: nil)
        return check.findings
    }

    private init(
        table: SchemaFields,
        body: Node,
        file: String?,
        resource: ResourceKey?,
        text: (any WrittenText)?
    ) {
        self.text = text
        self.table = table
        self.body = body
        self.file = file
        self.resource = resource
    }

    private var isIstio: Bool { resource?.kind.isIstio ?? false }

    // MARK: Structure

    private mutating func checkObject(
        _ node: Node,
        _ type: SchemaFields.ObjectType,
        parent: SchemaFields.ObjectType?
    ) {
        guard case .mapping(let mapping) = node.content else {
            report(
                .wrongType,
                "expected a mapping, found \(node.typeName)",
                hint: "write its fields below it, each on a line of its own"
            )
            return
        }
        var requiredCount = 0
        var groups: UInt64 = 0
        var hasConflict = false
        for (place, entry) in mapping.entries.enumerated() {
            trail.append(.key(entry.key))
            if let field = type.field(entry.key, at: place) {
                if !entry.value.isNull {
                    requiredCount += field.isRequired ? 1 : 0
                    hasConflict = hasConflict || groups & field.groups != 0
                    groups |= field.groups
                    checkField(entry.value, field, in: type)
                }
            } else {
                reportUnknown(place, in: mapping, type, parent)
            }
            trail.removeLast()
        }
        if requiredCount < type.required.count { reportMissing(node, type) }
        if hasConflict { type.exclusive.forEach { checkExclusive($0, mapping) } }
    }

    private mutating func reportMissing(_ node: Node, _ type: SchemaFields.ObjectType) {
        for field in type.required where node[field.name] == nil {
            trail.append(.key(field.name))
            report(
                .missingField,
                "missing field \"\(field.name)\"\(placeDescription)",
                hint: "add \"\(field.name):\" with \(field.description)"
            )
            trail.removeLast()
        }
    }

    private mutating func checkField(
        _ node: Node,
        _ field: SchemaFields.Field,
        in parent: SchemaFields.ObjectType
    ) {
        switch field.shape {
        case .one:
            checkElement(node, field, parent)
        case .list:
            guard case .sequence(let items) = node.content else {
                report(.wrongType, wrongType(node, wanted: "a list"), hint: "begin each item with \"- \"")
                return
            }
            checkCount(items.count, field.limits, "items")
            for (index, item) in items.enumerated() where !item.isNull {
                trail.append(.index(index))
                checkElement(item, field, parent)
                trail.removeLast()
            }
        case .map:
            guard case .mapping(let mapping) = node.content else {
                report(
                    .wrongType,
                    wrongType(node, wanted: "a mapping"),
                    hint: "write \"key: value\" below it, each on a line of its own"
                )
                return
            }
            checkCount(mapping.entries.count, field.limits, "entries")
            for entry in mapping.entries {
                trail.append(.key(entry.key))
                checkKey(entry.key, field.limits)
                if !entry.value.isNull { checkElement(entry.value, field, parent) }
                trail.removeLast()
            }
        }
    }

    private mutating func checkElement(
        _ node: Node,
        _ field: SchemaFields.Field,
        _ parent: SchemaFields.ObjectType
    ) {
        if field.element.isInteger, let value = node.integer {
            checkInteger(value, field)
            return
        }
        if field.takesPercentage, node.string != nil || node.number != nil { return checkPercentage(node) }
        switch (field.element, node.content) {
        case (.any, _): return
        case (.object(let number), .mapping): checkObject(node, table.type(number), parent: parent)
        case (.string, .string(let text)), (.time, .string(let text)):
            if let limits = field.limits { checkText(text, limits) }
        case (.boolean, .bool): return
        case (.number, .number(let value)): checkRange(value, field)
        case (.number, .integer(let value)): checkRange(Double(value), field)
        case (.intOrString, .string): return
        case (.number, .string(let text))
        where field.takesPlaceholder && !Placeholders.names(in: text).isEmpty:
            return
        case (.quantity, .integer), (.quantity, .number): return
        case (.quantity, .string(let text)):
            if Quantity(text) == nil {
                report(
                    .badFormat,
                    "\"\(text)\" is not a quantity",
                    hint: "write a number with an optional unit, such as 500m, 1.5, 128Mi or 2G"
                )
            }
        case (.bytes, .string(let text)):
            if !Base64.isValid(text) {
                report(
                    .badFormat,
                    "\(fieldName) is not valid base64",
                    hint: "write what \"base64 -w0\" prints of the data"
                )
            }
        default:
            report(
                .wrongType,
                wrongType(node, wanted: field.wanted),
                hint: node.hint(for: field, key: ownKey, written: written(node))
                    ?? table.hint(whereScalar: written(node), standsFor: field, key: ownKey)
                    ?? table.hint(whereText: node, standsFor: field, key: ownKey)
                    ?? "write \(field.wanted)"
            )
        }
    }

    // MARK: Limits

    private mutating func checkInteger(_ value: Int64, _ field: SchemaFields.Field) {
        let bounds: ClosedRange<Int64> =
            switch field.element {
            case .uint32: 0...Int64(UInt32.max)
            case .int64: .min ... .max
            default: Int64(Int32.min)...Int64(Int32.max)
            }
        guard bounds.contains(value) else {
            report(
                .outOfRange,
                "\(value) is outside \(bounds.lowerBound) to \(bounds.upperBound)",
                hint: "write a number between them"
            )
            return
        }
        if field.limits != nil { checkRange(Double(value), field) }
    }

    private mutating func checkRange(_ value: Double, _ field: SchemaFields.Field) {
        guard let limits = field.limits else { return }
        let text = value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        if let minimum = limits.minimum, value < minimum {
            report(
                .outOfRange,
                "\(text) is below \(Self.plain(minimum))",
                hint: "write \(Self.plain(minimum)) or more"
            )
        } else if let maximum = limits.maximum, value > maximum {
            report(
                .outOfRange,
                "\(text) is above \(Self.plain(maximum))",
                hint: "write \(Self.plain(maximum)) or less"
            )
        }
    }

    private mutating func checkPercentage(_ node: Node) {
        guard Percentage(share: node) == nil else { return }
        let text = node.string.map { "\"\($0)\"" } ?? node.number.map(Self.plain) ?? ""
        report(
            .badFormat,
            "\(text) is no percentage from 0 to 100 with at most four decimals",
            hint: "write a number such as 5, 0.5 or 25%"
        )
    }

    private mutating func checkText(_ text: String, _ limits: SchemaFields.Limits) {
        if !limits.allowed.isEmpty, !text.isEmpty || isIstio, !limits.allowed.contains(text) {
            let near = Suggestion.closest(to: text, among: limits.allowed)
            report(
                .unknownValue,
                "\(fieldName) is \"\(text)\", which is none of \(limits.allowed.joined(separator: ", "))",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "write one of them"
            )
        }
        if let longest = limits.maxLength, text.utf8.count > longest, text.unicodeScalars.count > longest {
            report(.wrongSize, "the text has more than \(longest) characters", hint: "shorten it")
        }
        guard !limits.flags.isEmpty else { return }
        if limits.flags.contains(.duration) { checkDuration(text, least: .milliseconds(1)) }
        if limits.flags.contains(.span) { checkDuration(text, least: .zero) }
        if limits.flags.contains(.noStar), text.contains("*") {
            report(
                .wildcard,
                "\"\(text)\" holds a wildcard, which a selector does not take",
                hint: "write the label's whole value"
            )
        }
        if limits.flags.contains(.notStar), text == "*" {
            report(
                .wildcard,
                "a host can't be \"*\" here",
                hint: "name the host, or a part of it: *.example.com"
            )
        }
    }

    private mutating func checkKey(_ key: String, _ limits: SchemaFields.Limits?) {
        guard let flags = limits?.flags else { return }
        if flags.contains(.noStarKeys), key.contains("*") {
            report(
                .wildcard,
                "the key \"\(key)\" holds a wildcard, which a selector does not take",
                hint: "write the label's whole key"
            )
        }
        if flags.contains(.noEmptyKeys), key.isEmpty {
            report(.wildcard, "a selector's key is empty", hint: "write the key of a label, such as app")
        }
    }

    private mutating func checkDuration(_ text: String, least: Duration) {
        let hint = "write a number with a unit, such as 500ms, 1.5s or 2m"
        guard let duration = Duration(goString: text) else {
            report(.badDuration, "\(fieldName) is \"\(text)\", which is no duration", hint: hint)
            return
        }
        if duration < least {
            let isZero = duration == .zero && lastKey == "timeout"
            report(
                .badDuration,
                "\(fieldName) is \"\(text)\": the least is \(least == .zero ? "0s" : "1ms")",
                hint: isZero ? "leave it out: without it there is no timeout" : hint
            )
        }
    }

    private mutating func checkCount(_ count: Int, _ limits: SchemaFields.Limits?, _ noun: String) {
        guard let limits else { return }
        if let least = limits.minItems, count < least {
            report(
                .wrongSize,
                "\(fieldName) has \(count) \(noun), and needs at least \(least)",
                hint: "add what is missing"
            )
        } else if let most = limits.maxItems, count > most {
            report(
                .wrongSize,
                "\(fieldName) has \(count) \(noun), and takes at most \(most)",
                hint: "remove \(count - most), or split the object"
            )
        }
    }

    private mutating func checkExclusive(_ group: [String], _ mapping: Mapping) {
        let given = mapping.entries.filter { !$0.value.isNull && group.contains($0.key) }
        guard given.count > 1 else { return }
        let names = given.map { "\"\($0.key)\"" }.joined(separator: " and ")
        trail.append(.key(given[1].key))
        report(.mutuallyExclusive, "only one of \(names) may be given", hint: "remove all but one")
        trail.removeLast()
    }

    // MARK: Reporting

    private mutating func report(
        _ rule: SchemaRule,
        _ message: String,
        hint: String
    ) {
        otherFaults += 1
        // The one too many is counted by whoever reports, and not told.
        if otherFaults <= FindingQuota.most + 1 { append(rule, message, hint: hint) }
    }

    private mutating func append(_ rule: SchemaRule, _ message: String, hint: String) {
        let path = FieldPath(trail)
        findings.append(
            Diagnostic(
                rule.code(isIstio: isIstio),
                .error,
                message,
                hint: hint,
                file: file,
                position: body.position(of: path),
                path: path,
                resource: resource
            )
        )
    }

    private mutating func reportUnknown(
        _ place: Int,
        in mapping: Mapping,
        _ type: SchemaFields.ObjectType,
        _ parent: SchemaFields.ObjectType?
    ) {
        let key = mapping.entries[place].key
        unknownFields += 1
        guard unknownFields <= FindingQuota.most else {
            // Whoever ignores unknown fields ignores this too.
            guard unknownFields == FindingQuota.most + 1 else { return }
            append(
                .unknownField,
                "there are more than \(FindingQuota.most) unknown fields: the others are not told",
                hint: "correct these first"
            )
            return
        }
        let hint = table.whereBelongs(place, in: mapping, of: type, parent: parent) ?? type.listed
        append(.unknownField, "unknown field \"\(key)\"\(placeDescription)", hint: hint)
    }

    /// ` in "spec.http[0]"`, for the mapping that holds the current field; nothing at the top.
    private var placeDescription: String {
        let place = FieldPath(Array(trail.dropLast()))
        return place.components.isEmpty ? "" : " in \"\(place)\""
    }

    /// The key of the current value; items of lists have none.
    private var ownKey: String? {
        if case .key(let key) = trail.last { key } else { nil }
    }

    private func written(_ node: Node) -> String? {
        file.flatMap { text?.scalar(at: node.position, in: $0) }
    }

    private var lastKey: String? {
        for component in trail.reversed() {
            if case .key(let key) = component { return key }
        }
        return nil
    }

    private var fieldName: String { lastKey.map { "\"\($0)\"" } ?? "the object" }

    private func wrongType(_ node: Node, wanted: String) -> String {
        if case .key(let key) = trail.last { return "\"\(key)\" is \(node.typeName), not \(wanted)" }
        return "an item of \(fieldName) is \(node.typeName), not \(wanted)"
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension ResourceKind {
    /// Whether the kind is Istio's, so that istioctl would check it too.
    package var isIstio: Bool { group == "networking.istio.io" }
}

extension SchemaFields.Field {
    /// Whether a share may stand where another value, or nothing else, may.
    fileprivate var takesPlaceholder: Bool { limits?.flags.contains(.orPlaceholder) ?? false }

    fileprivate var takesPercentage: Bool {
        element == .percentage || limits?.flags.contains(.orPercentage) == true
    }

    /// What a value, or an item of a list, should be.
    fileprivate var wanted: String {
        takesPercentage && element != .percentage
            ? "\(element.description) or a percentage" : element.description
    }

    /// `a string`, `a list`
    fileprivate var description: String {
        switch shape {
        case .one: element.description
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}

extension SchemaFields.ObjectType {
    /// What there is instead of an unknown field.
    fileprivate var listed: String {
        let names = fields.map(\.name)
        guard names.count <= 12 else { return "remove it, or correct its name" }
        return names.isEmpty ? "remove it" : "the fields here are \(names.joined(separator: ", "))"
    }
}
