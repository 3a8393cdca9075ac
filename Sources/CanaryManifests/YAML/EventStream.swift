// SPDX-License-Identifier: Apache-2.0

import CLibYAML

/// libyaml's parser over bytes in memory, one event at a time.
///
/// The parser keeps its own address in itself, so it lives on the heap and never moves.
///
/// `@safe`: the parser lives as long as the stream, and an event is deleted before the next one is asked for.
@safe struct EventStream: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// The bytes must outlive the stream, be UTF-8, and bear no byte order mark. `nil` when memory runs out.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// Calls `body` with the next event, which is freed afterwards.
    @inline(__always)
    borrowing func next<Result>(
        _ body: (borrowing yaml_event_t) throws(YAMLProblem) -> Result
    ) throws(YAMLProblem) -> Result {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw .syntax(failure) }
        defer { unsafe yaml_event_delete(&event) }
        return try unsafe body(event)
    }

    private var failure: SyntaxFailure {
        unsafe SyntaxFailure(
            problem: parser.pointee.problem.map { unsafe String(cString: $0) } ?? "",
            mark: unsafe Mark(parser.pointee.problem_mark),
            context: unsafe parser.pointee.context.map { unsafe String(cString: $0) } ?? "",
            contextMark: unsafe Mark(parser.pointee.context_mark),
            isOutOfMemory: unsafe parser.pointee.error == YAML_MEMORY_ERROR
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
