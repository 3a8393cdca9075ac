// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// `-o custom-columns=NAME:.metadata.name,HOSTS:.spec.hosts`, as kubectl takes it: a title and a path for each column.
struct CustomColumns {
    private let columns: [(title: String, path: JSONPath)]

    init(_ text: String) throws {
        columns = try Self.parts(of: text).map { part in
            let halves = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty, !halves[1].isEmpty else {
                throw CommandError.wrongUsage(
                    "\"\(part)\" is no column: a title, a colon and a path are needed",
                    hint: "for example: -o custom-columns=NAME:.metadata.name,HOSTS:.spec.hosts"
                )
            }
            let path = String(halves[1])
            // kubectl takes a path with or without its leading dot and braces.
            let isBare = !path.hasPrefix(".") && !path.hasPrefix("{") && !path.hasPrefix("$")
            return (String(halves[0]), try JSONPath(isBare ? ".\(path)" : path))
        }
    }

    /// Splits at the commas outside of brackets.
    private static func parts(of text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    func table(of objects: [Node]) -> Table {
        var table = Table(titles: columns.map(\.title))
        for object in objects {
            table.add(
                columns.map { column in
                    let value = column.path.evaluate(object)
                    return value.isEmpty ? "<none>" : value
                }
            )
        }
        return table
    }
}
