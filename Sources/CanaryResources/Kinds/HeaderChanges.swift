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

        init(_ node: Node?) {
            set = node?["set"]?.stringMap ?? [:]
            add = node?["add"]?.stringMap ?? [:]
            remove = node?["remove"]?.strings ?? []
        }
    }

    package var request: Operations
    package var response: Operations

    package var isEmpty: Bool { request.isEmpty && response.isEmpty }

    init(_ node: Node?) {
        request = Operations(node?["request"])
        response = Operations(node?["response"])
    }
}
