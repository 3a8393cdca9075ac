// SPDX-License-Identifier: Apache-2.0

import CLibYAML

/// libyaml's parser over bytes in memory, one event at a time.
///
/// The parser keeps its own address in itself, so it lives on the heap and never moves.
struct EventStream: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// The bytes must outlive the stream, be UTF-8, and bear no byte order mark. `nil` when memory runs out.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Calls `body` with the next event, which is freed afterwards.
    @inline(__always)
    borrowing func next<Result>(
        _ body: (borrowing yaml_event_t) throws(YAMLProblem) -> Result
    ) throws(YAMLProblem) -> Result {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw .syntax(failure) }
        defer { yaml_event_delete(&event) }
        return try body(event)
    }

    private var failure: SyntaxFailure {
        SyntaxFailure(
            problem: parser.pointee.problem.map { String(cString: $0) } ?? "",
            mark: Mark(parser.pointee.problem_mark),
            context: parser.pointee.context.map { String(cString: $0) } ?? "",
            contextMark: Mark(parser.pointee.context_mark),
            isOutOfMemory: parser.pointee.error == YAML_MEMORY_ERROR
        )
    }
}

/// A place as libyaml counts it: from 0, in characters.
struct Mark {
    var line: Int
    var column: Int

    init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    init(_ mark: yaml_mark_t) {
        line = Int(mark.line)
        column = Int(mark.column)
    }
}

/// What libyaml says about text that it cannot read.
struct SyntaxFailure {
    var problem: String
    var mark: Mark
    /// What libyaml was doing: `while parsing a block mapping`.
    var context: String
    var contextMark: Mark
    var isOutOfMemory: Bool
}
