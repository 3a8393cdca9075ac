// SPDX-License-Identifier: Apache-2.0

/// Header changes of one level, for requests and for responses.
package struct HeaderChanges: Sendable {
    package struct Operations: Sendable {
        /// Overwrites; values are Envoy format strings.
        package var set: [String: String]
        /// Appends a further value.
        package var add: [String: String]
        package var remove: [String]

        package var isEmpty: Bool { self.set.isEmpty && add.isEmpty && remove.isEmpty }

        static let none = Operations(nil)

        init(_ node: Node?) {
            set = node?["set"]?.stringMap ?? [:]
            add = node?["add"]?.stringMap ?? [:]
            remove = node?["remove"]?.strings ?? []
        }
    }

    private struct Changes: Sendable {
        var request: Operations
        var response: Operations
    }

    /// `nil` for none.
    @Rare private var changes: Changes?

    package var request: Operations { changes?.request ?? .none }
    package var response: Operations { changes?.response ?? .none }
    package var isEmpty: Bool { changes == nil }

    init(_ node: Node?) {
        let all = Changes(request: Operations(node?["request"]), response: Operations(node?["response"]))
        changes = all.request.isEmpty && all.response.isEmpty ? nil : all
    }
}
