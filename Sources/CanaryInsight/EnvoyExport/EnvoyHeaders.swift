// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanaryRules

/// Translates header changes: the four fields that routes and weighted clusters have for them.
struct EnvoyHeaders {
    let warn: (String) -> Void

    /// Changes of levels that Envoy does at once, as istiod gives it those of a route and its only destination.
    func add(_ levels: [HeaderChanges], to node: inout Node) {
        add(levels.map(\.request), "request", to: &node)
        add(levels.map(\.response), "response", to: &node)
    }

    private func add(_ levels: [HeaderChanges.Operations], _ direction: String, to node: inout Node) {
        let added = levels.flatMap { level in
            options(level.set, "OVERWRITE_IF_EXISTS_OR_ADD")
                + options(level.add, "APPEND_IF_EXISTS_OR_ADD")
        }
        let removed = levels.flatMap { $0.remove.sorted() }.filter(isTaken)
        node.set(.repeated(added), at: "\(direction)_headers_to_add")
        node.set(.repeated(removed.map(Node.string)), at: "\(direction)_headers_to_remove")
    }

    private func options(_ headers: [String: String], _ action: String) -> [Node] {
        headers.sorted { $0.key < $1.key }.filter { isTaken($0.key) }.compactMap { name, value in
            EnvoyText.node(text(value, of: name), "value of the header \"\(name)\"", warn).map {
                .message([
                    "header": .message(["key": .string(name), "value": $0]),
                    "append_action": .string(action),
                ])
            }
        }
    }

    /// An operation without value has no effect, and one without proper name none with canaryctl's proxy.
    private func isTaken(_ name: String) -> Bool {
        guard HeaderCompiler.isPlain(name) else { return false }
        guard HeaderSyntax.isToken(name) else {
            warn("the header \"\(name)\" is left out, since that is no name of a header")
            return false
        }
        return true
    }

    /// The value with what Envoy would refuse replaced: it takes no configuration that has commands it does not know.
    private func text(_ value: String, of name: String) -> String {
        FormatString.pieces(of: value).map { piece in
            switch piece {
            case .literal(let text): return text.replacing("%", with: "%%")
            case .command(let command):
                if FormatString.isKnown(command) { return "%\(command)%" }
                warn(
                    "the value of the header \"\(name)\" has \"-\" for %\(command)%, as with canaryctl's proxy"
                )
                return "-"
            }
        }.joined()
    }
}
