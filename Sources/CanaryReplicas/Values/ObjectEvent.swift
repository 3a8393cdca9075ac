// SPDX-License-Identifier: Apache-2.0

/// Something that happened to an object, as `get events` and `describe` list it: with Kubernetes' reasons and words.
package struct ObjectEvent: Hashable, Sendable {
    package var isWarning: Bool
    package var reason: String
    package var message: String
    /// Whether it is what happens as a rule when a program begins: nothing that somebody has to be told of.
    package var isExpected = false

    /// The node runs as many pods as it may.
    package static func noRoom(wanted: Int, most: Int) -> ObjectEvent {
        ObjectEvent(
            warning: "FailedCreate",
            "\(wanted) more pods are wanted, and a node runs at most \(most): reduce spec.replicas"
        )
    }

    /// What a template says that means nothing where pods are processes of one machine.
    package static func notServed(_ fields: [String]) -> ObjectEvent {
        ObjectEvent(warning: "NotServed", "a node does nothing about \(fields.joined(separator: ", "))")
    }

    /// A pod was made, and a node is to run it.
    package static func scheduled(_ pod: String, namespace: String, on node: String) -> ObjectEvent {
        ObjectEvent(normal: "Scheduled", "Successfully assigned \(namespace)/\(pod) to \(node)")
    }

    /// The node may make no control groups of the controller `cpu`.
    package static let processorsNotLimited = ObjectEvent(
        warning: "LimitNotEnforced",
        "resources.limits.cpu is not enforced: no control group of cpu can be made here"
    )

    init(warning reason: String, _ message: String, isExpected: Bool = false) {
        (isWarning, self.reason, self.message, self.isExpected) = (true, reason, message, isExpected)
    }

    init(normal reason: String, _ message: String) {
        (isWarning, self.reason, self.message) = (false, reason, message)
    }
}
