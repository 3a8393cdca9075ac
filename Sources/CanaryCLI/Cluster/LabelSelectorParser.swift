// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

extension LabelSelector {
    /// kubectl's selectors: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a>1`, `a<1`, `a`, `!a`, joined with commas; an
    /// empty one selects everything.
    init(argument: String) throws {
        var parser = LabelSelectorParser(argument)
        self.init(matchExpressions: try parser.requirements())
    }
}

/// Reads label selectors as Kubernetes' package `labels` does: blanks count only where they end a word.
private struct LabelSelectorParser {
    private enum Token: Equatable {
        case word(String)
        case sign(String)
    }

    private let text: String
    private var tokens: ArraySlice<Token>

    init(_ text: String) {
        self.text = text
        tokens = Self.tokens(of: text)[...]
    }

    private static func tokens(of text: String) -> [Token] {
        var tokens: [Token] = []
        var word = ""
        for scalar in text.unicodeScalars {
            let isBlank = " \t\r\n".unicodeScalars.contains(scalar)
            let isSign = "=!(),<>".unicodeScalars.contains(scalar)
            if isBlank || isSign, !word.isEmpty {
                tokens.append(.word(word))
                word = ""
            }
            if isBlank { continue }
            guard isSign else {
                word.unicodeScalars.append(scalar)
                continue
            }
            // `==` and `!=` are one sign.
            if scalar == "=", let last = tokens.last, last == .sign("=") || last == .sign("!") {
                tokens[tokens.count - 1] = .sign(last == .sign("!") ? "!=" : "==")
            } else {
                tokens.append(.sign(String(scalar)))
            }
        }
        return word.isEmpty ? tokens : tokens + [.word(word)]
    }

    mutating func requirements() throws -> [LabelSelector.Requirement] {
        guard !tokens.isEmpty else { return [] }
        var requirements = [try requirement()]
        while !tokens.isEmpty {
            guard take(",") else { throw malformed }
            requirements.append(try requirement())
        }
        return requirements
    }

    private mutating func requirement() throws -> LabelSelector.Requirement {
        if take("!") { return .init(key: try key(), operator: .doesNotExist, values: []) }
        let key = try key()
        switch tokens.first {
        case nil, .sign(","): return .init(key: key, operator: .exists, values: [])
        case .sign(let sign):
            tokens.removeFirst()
            return try comparison(key, sign)
        case .word(let word):
            tokens.removeFirst()
            guard word == "in" || word == "notin" else { throw malformed }
            return .init(key: key, operator: word == "in" ? .isIn : .notIn, values: try list())
        }
    }

    private mutating func comparison(_ key: String, _ sign: String) throws -> LabelSelector.Requirement {
        let value = try optionalWord()
        switch sign {
        case "=", "==": return .init(key: key, operator: .isIn, values: [value])
        case "!=": return .init(key: key, operator: .notIn, values: [value])
        case "<", ">":
            guard Int64(value) != nil else { throw malformed }
            return .init(key: key, operator: sign == "<" ? .lessThan : .greaterThan, values: [value])
        default: throw malformed
        }
    }

    private mutating func list() throws -> [String] {
        guard take("(") else { throw malformed }
        var values = [try optionalWord()]
        while !take(")") {
            guard take(",") else { throw malformed }
            values.append(try optionalWord())
        }
        return values
    }

    private mutating func key() throws -> String {
        guard case .word(let word) = tokens.first, KubernetesName.isQualified(word) else { throw malformed }
        tokens.removeFirst()
        return word
    }

    /// A value, which may be empty.
    private mutating func optionalWord() throws -> String {
        guard case .word(let word) = tokens.first else { return "" }
        guard KubernetesName.isLabelValue(word) else { throw malformed }
        tokens.removeFirst()
        return word
    }

    private mutating func take(_ sign: String) -> Bool {
        guard tokens.first == .sign(sign) else { return false }
        tokens.removeFirst()
        return true
    }

    private var malformed: CommandError {
        .wrongUsage(
            "cannot read the label selector \"\(text)\"",
            hint: "for example: -l app=helloworld,version!=v1 or -l 'version in (v1,v2)'"
        )
    }
}
