// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Applies a route's header operations: drops fields of the message, and collects the lines to add behind them.
struct HeaderEditor: ~Copyable {
    private struct Line {
        var name: ByteSlice
        var start: Int
        var count: Int
        var isDropped: Bool
    }

    private var lines: [Line] = []
    private var values = ByteBuffer(capacity: 1024)

    init() {}

    /// Runs the operations in their order on `fields`, whose bytes are `message`.
    mutating func apply(
        _ edits: BorrowedList<HeaderEdit>,
        _ facts: RequestFacts,
        to fields: inout FieldTable,
        of message: ByteSlice
    ) {
        forget()
        for edit in edits {
            guard Self.isFree(edit.name) else { continue }
            switch edit.operation {
            case .remove: drop(edit.name, &fields, message)
            case .set:
                guard let line = evaluate(edit, facts) else { continue }
                drop(edit.name, &fields, message)
                lines.append(line)
            case .append:
                guard let line = evaluate(edit, facts) else { continue }
                lines.append(line)
            }
        }
    }

    /// Adds a line in the place of all others of its name, behind whatever was applied.
    mutating func set(
        _ name: StaticString,
        to value: ByteSlice,
        _ fields: inout FieldTable,
        _ message: ByteSlice
    ) {
        let name = ByteSlice(name)
        drop(name, &fields, message)
        let start = values.count
        values.append(value)
        lines.append(Line(name: name, start: start, count: value.count, isDropped: false))
    }

    /// Forgets what was applied.
    mutating func forget() {
        lines.removeAll(keepingCapacity: true)
        values.truncate()
    }

    /// Whether `name` is among the lines to add.
    func adds(_ name: StaticString) -> Bool {
        for line in lines where !line.isDropped && line.name.equalsIgnoringCase(name) { return true }
        return false
    }

    /// Writes the lines that remain, and forgets them.
    mutating func append(to output: inout ByteBuffer) {
        for line in lines where !line.isDropped {
            output.append(line.name)
            output.append(": ")
            output.append(values.slice.slice(line.start, line.start + line.count))
            output.append("\r\n")
        }
        lines.removeAll(keepingCapacity: true)
    }

    /// What frames the message is the proxy's own; the host has rules of its own.
    private static func isFree(_ name: ByteSlice) -> Bool {
        for byte in name where !ASCII.isToken(byte) { return false }
        let known = KnownField(name)
        return name.count > 0 && !known.isHopByHop && known != .contentLength && known != .host
    }

    /// The line of a set or append; `nil` when the value is empty, or holds what no value may.
    private mutating func evaluate(_ edit: HeaderEdit, _ facts: RequestFacts) -> Line? {
        let start = values.count
        guard edit.appendValue(facts, to: &values) else { return nil }
        let value = values.slice.from(start)
        for byte in value where !ASCII.isFieldValue(byte) {
            values.truncate(to: start)
            return nil
        }
        return Line(name: edit.name, start: start, count: value.count, isDropped: false)
    }

    private mutating func drop(
        _ name: ByteSlice,
        _ fields: inout FieldTable,
        _ message: ByteSlice
    ) {
        for index in 0..<fields.count where message[fields[index].name].equalsIgnoringCase(name) {
            fields.drop(index)
        }
        for index in lines.indices where lines[index].name.equalsIgnoringCase(name) {
            lines[index].isDropped = true
        }
    }
}
