// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Reads kubectl's JSONPath templates.
struct JSONPathParser {
    private let characters: [Character]
    private var position = 0

    init(_ template: String) {
        characters = Array(template)
    }

    mutating func parse() throws -> [JSONPath.Segment] {
        let segments = try parseSegments(insideRange: false)
        return segments
    }

    // MARK: - Templates

    private mutating func parseSegments(insideRange: Bool) throws -> [JSONPath.Segment] {
        var segments: [JSONPath.Segment] = []
        while position < characters.count {
            guard peek == "{" else {
                segments.append(.text(takeLiteralText()))
                continue
            }
            position += 1
            skipBlanks()
            if takeWord("end") {
                try expect("}")
                guard insideRange else { throw failure("{end} without {range}") }
                return segments
            }
            if takeWord("range") {
                skipBlanks()
                let steps = try parsePath()
                try expect("}")
                segments.append(.range(steps, body: try parseSegments(insideRange: true)))
            } else {
                segments += try parseExpressions()
            }
        }
        if insideRange { throw failure("{range} without {end}") }
        return segments
    }

    private mutating func takeLiteralText() -> String {
        var text = ""
        while let character = peek, character != "{" {
            text.append(character)
            position += 1
        }
        return text
    }

    /// What stands in one pair of braces: a path, or a quoted text.
    private mutating func parseExpressions() throws -> [JSONPath.Segment] {
        var segments: [JSONPath.Segment] = []
        while true {
            skipBlanks()
            guard let character = peek else { throw failure("\"{\" without \"}\"") }
            if character == "}" {
                position += 1
                return segments
            }
            if character == "\"" || character == "'" {
                segments.append(.text(try parseQuoted()))
            } else {
                segments.append(.path(try parsePath()))
            }
        }
    }

    // MARK: - Paths

    private mutating func parsePath() throws -> [JSONPath.Step] {
        var steps: [JSONPath.Step] = []
        if take("$") { steps.append(.root) } else if take("@") { steps.append(.current) }
        while let character = peek {
            if character == "." {
                position += 1
                if take(".") { steps.append(.descendants) }
                if peek == "[" { continue }
                if take("*") {
                    steps.append(.wildcard)
                } else if let name = takeName() {
                    steps.append(.key(name))
                }
            } else if character == "[" {
                steps.append(try parseBrackets())
            } else if steps.isEmpty, let name = takeName() {
                steps.append(.key(name))
            } else {
                break
            }
        }
        guard !steps.isEmpty || peek == "}" else { throw failure("unexpected character") }
        return steps
    }

    private mutating func parseBrackets() throws -> JSONPath.Step {
        try expect("[")
        if take("?") {
            try expect("(")
            let filter = try parseFilter()
            try expect(")")
            try expect("]")
            return .filter(filter)
        }
        var alternatives: [JSONPath.Step] = []
        repeat {
            skipBlanks()
            alternatives.append(try parseSubscript())
            skipBlanks()
        } while take(",")
        try expect("]")
        return alternatives.count == 1 ? alternatives[0] : .union(alternatives)
    }

    private mutating func parseSubscript() throws -> JSONPath.Step {
        if take("*") { return .wildcard }
        if peek == "'" || peek == "\"" { return try parseQuotedKey() }
        let start = try takeInteger()
        guard take(":") else {
            guard let start else {
                throw failure("a key, an index, a slice, * or a filter belongs between brackets")
            }
            return .slice(start: start, end: start == -1 ? nil : start &+ 1, stride: 1)
        }
        let end = try takeInteger()
        let stride = take(":") ? try takeInteger() ?? 1 : 1
        guard stride > 0 else { throw failure("the step of a slice must be above 0") }
        return .slice(start: start, end: end, stride: stride)
    }

    private mutating func parseFilter() throws -> JSONPath.Filter {
        let left = try parseOperand()
        skipBlanks()
        for text in ["==", "!=", "<=", ">=", "<", ">"] where takeText(text) {
            guard let comparison = JSONPath.Filter.Comparison(rawValue: text) else { break }
            return JSONPath.Filter(left: left, comparison: (comparison, try parseOperand()))
        }
        return JSONPath.Filter(left: left, comparison: nil)
    }

    private mutating func parseOperand() throws -> JSONPath.Filter.Operand {
        skipBlanks()
        defer { skipBlanks() }
        guard let character = peek else { throw failure("a filter ends early") }
        if character == "\"" || character == "'" { return .literal(.string(try parseQuoted())) }
        if character == "@" || character == "$" || character == "." { return .path(try parsePath()) }
        var word = ""
        while let next = peek, next.isLetter || next.isNumber || "+-._".contains(next) {
            word.append(next)
            position += 1
        }
        switch word {
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "null": return .literal(Node(.null))
        default:
            if let integer = Int64(word) { return .literal(.integer(integer)) }
            guard let number = Double(word) else {
                throw failure("a filter compares paths, texts, numbers, true or false")
            }
            return .literal(Node(.number(number)))
        }
    }

    // MARK: - Characters

    private var peek: Character? { position < characters.count ? characters[position] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard peek == character else { return false }
        position += 1
        return true
    }

    private mutating func takeText(_ text: String) -> Bool {
        guard characters[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    /// A keyword, which must not go on as a longer name.
    private mutating func takeWord(_ word: String) -> Bool {
        let end = position + word.count
        guard characters[position...].starts(with: word) else { return false }
        if end < characters.count, characters[end].isLetter || characters[end] == "_" { return false }
        position = end
        return true
    }

    private mutating func takeName() -> String? {
        var name = ""
        while let character = peek, !" .[]{}()'\"=!<>,".contains(character) {
            if character == "\\", position + 1 < characters.count { position += 1 }
            name.append(characters[position])
            position += 1
        }
        return name.isEmpty ? nil : name
    }

    private mutating func takeInteger() throws -> Int? {
        var digits = ""
        while let character = peek, character.isNumber || (digits.isEmpty && character == "-") {
            digits.append(character)
            position += 1
        }
        guard !digits.isEmpty else { return nil }
        guard let value = Int32(digits) else { throw failure("\"\(digits)\" is no index") }
        return Int(value)
    }

    private mutating func parseQuoted() throws -> String {
        guard let quote = peek else { throw failure("a text ends early") }
        position += 1
        var text = ""
        while let character = peek {
            position += 1
            if character == quote { return text }
            guard character == "\\", let escaped = peek else {
                text.append(character)
                continue
            }
            position += 1
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            default: text.append(escaped)
            }
        }
        throw failure("a text lacks its closing quote")
    }

    /// Dots behind a backslash part no names.
    private mutating func parseQuotedKey() throws -> JSONPath.Step {
        let start = position
        let key = try parseQuoted()
        var path = [""]
        var isEscaped = false
        for character in characters[(start + 1)..<(position - 1)] {
            if character == ".", !isEscaped {
                path.append("")
            } else if character != "\\" || isEscaped {
                path[path.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return path.count > 1 ? .dotted(key: key, path: path) : .key(key)
    }

    private mutating func skipBlanks() {
        while let character = peek, character == " " { position += 1 }
    }

    private mutating func expect(_ character: Character) throws {
        skipBlanks()
        guard take(character) else { throw failure("\"\(character)\" is missing") }
    }

    private func failure(_ reason: String) -> CommandError {
        .wrongUsage(
            "cannot read the JSONPath template: \(reason) at character \(position + 1) of \"\(String(characters))\"",
            hint: "for example: -o jsonpath='{.items[*].metadata.name}'"
        )
    }
}
